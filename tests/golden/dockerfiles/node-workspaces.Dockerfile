# What r1code makes for this project, and why. Edit .r1code/config.toml to add packages.
#   .: node >=20, npm
FROM node:22-bookworm-slim

# system packages
USER root
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git make procps && rm -rf /var/lib/apt/lists/*
RUN getent passwd 1000 >/dev/null || echo 'r1code:x:1000:1000::/home/r1code:/bin/sh' >>/etc/passwd ; mkdir -p /opt/r1code/src /home/r1code && chown -R 1000:1000 /opt/r1code /home/r1code

# dependencies
USER 1000:1000
ENV HOME=/home/r1code
COPY --chown=1000:1000 ["package-lock.json","/opt/r1code/src/package-lock.json"]
COPY --chown=1000:1000 ["package.json","/opt/r1code/src/package.json"]
COPY --chown=1000:1000 ["packages/a/package.json","/opt/r1code/src/packages/a/package.json"]
WORKDIR /opt/r1code/src
RUN npm --no-audit --no-fund --no-update-notifier --cache /tmp/npm ci --ignore-scripts
RUN npm rebuild --foreground-scripts --cache /tmp/npm

USER 1000:1000
WORKDIR /workspace
CMD ["bash"]
