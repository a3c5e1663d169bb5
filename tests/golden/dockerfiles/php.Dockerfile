# What r1code makes for this project, and why. Edit .r1code/config.toml to add packages.
#   .: php >=8.1, composer
#   note: php comes from Debian's packages, in their version; asked for: >=8.1
FROM r1code-base:test

# system packages
USER root
RUN apt-get update && apt-get install -y --no-install-recommends composer php-cli php-intl php-mbstring php-xml unzip && rm -rf /var/lib/apt/lists/*
RUN getent passwd 1000 >/dev/null || echo 'r1code:x:1000:1000::/home/r1code:/bin/sh' >>/etc/passwd ; mkdir -p /opt/r1code/src /home/r1code && chown -R 1000:1000 /opt/r1code /home/r1code

# dependencies
USER 1000:1000
ENV HOME=/home/r1code
COPY --chown=1000:1000 ["composer.json","/opt/r1code/src/composer.json"]
WORKDIR /opt/r1code/src
RUN composer install --no-interaction --no-scripts --no-plugins --no-progress --no-cache

USER 1000:1000
WORKDIR /workspace
CMD ["bash"]
