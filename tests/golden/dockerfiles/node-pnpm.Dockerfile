# What r1code makes for this project, and why. Edit .r1code/config.toml to add packages.
#   .: node, pnpm
FROM r1code-base:test

# system packages
USER root
RUN apt-get update && apt-get install -y --no-install-recommends nodejs npm && rm -rf /var/lib/apt/lists/*
RUN getent passwd 1000 >/dev/null || echo 'r1code:x:1000:1000::/home/r1code:/bin/sh' >>/etc/passwd ; mkdir -p /opt/r1code/src /home/r1code && chown -R 1000:1000 /opt/r1code /home/r1code

# dependencies
USER 1000:1000
ENV HOME=/home/r1code
ENV PATH="/opt/r1code/tools/node_modules/.bin:$PATH"
COPY --chown=1000:1000 ["package.json","/opt/r1code/src/package.json"]
COPY --chown=1000:1000 ["pnpm-lock.yaml","/opt/r1code/src/pnpm-lock.yaml"]
WORKDIR /opt/r1code/src
RUN npm --no-audit --no-fund --no-update-notifier --cache /tmp/npm install --prefix /opt/r1code/tools pnpm@9.1.0
RUN pnpm install --frozen-lockfile --ignore-scripts --store-dir /tmp/pnpm --package-import-method copy
RUN pnpm rebuild -r --store-dir /tmp/pnpm

USER 1000:1000
WORKDIR /workspace
CMD ["bash"]
