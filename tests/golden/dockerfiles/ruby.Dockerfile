# What r1code makes for this project, and why. Edit .r1code/config.toml to add packages.
#   .: ruby 3.2, bundler
#   note: ruby comes from Debian's packages, in their version; asked for: 3.2
FROM r1code-base:test

# system packages
USER root
RUN apt-get update && apt-get install -y --no-install-recommends build-essential bundler ruby ruby-dev && rm -rf /var/lib/apt/lists/*
RUN getent passwd 1000 >/dev/null || echo 'r1code:x:1000:1000::/home/r1code:/bin/sh' >>/etc/passwd ; mkdir -p /opt/r1code/src /home/r1code && chown -R 1000:1000 /opt/r1code /home/r1code

# dependencies
USER 1000:1000
ENV HOME=/home/r1code
ENV BUNDLE_PATH="/opt/r1code/bundle"
ENV BUNDLE_APP_CONFIG="/opt/r1code/bundle"
COPY --chown=1000:1000 ["Gemfile","/opt/r1code/src/Gemfile"]
COPY --chown=1000:1000 ["Gemfile.lock","/opt/r1code/src/Gemfile.lock"]
WORKDIR /opt/r1code/src
RUN bundle install --jobs 2

USER 1000:1000
WORKDIR /workspace
CMD ["bash"]
