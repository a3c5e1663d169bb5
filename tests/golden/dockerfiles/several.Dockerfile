# What r1code makes for this project, and why. Edit .r1code/config.toml to add packages.
#   .: python, pip
#   agent: go 1.22, go
#   core: native, cmake
#   engine: rust, cargo
#   web: node, npm
#   note: devcontainer.json: not used, for it reaches out of the container: runArgs
#   note: go comes from Debian's packages, in their version; asked for: 1.22
FROM r1code-base:test

# system packages
USER root
RUN apt-get update && apt-get install -y --no-install-recommends build-essential cargo cmake gcc golang-go libc6-dev ninja-build nodejs npm pkg-config rustc zlib1g-dev && rm -rf /var/lib/apt/lists/*
RUN getent passwd 1000 >/dev/null || echo 'r1code:x:1000:1000::/home/r1code:/bin/sh' >>/etc/passwd ; mkdir -p /opt/r1code/src /home/r1code && chown -R 1000:1000 /opt/r1code /home/r1code

# dependencies
USER 1000:1000
ENV HOME=/home/r1code
ENV VIRTUAL_ENV="/opt/r1code/venv"
ENV PATH="/home/r1code/site/bin:/opt/r1code/venv/bin:$PATH"
ENV GOPATH="/opt/r1code/go"
ENV GOTOOLCHAIN="local"
ENV GOFLAGS="-buildvcs=false"
ENV CARGO_HOME="/opt/r1code/cargo"
ENV CARGO_NET_OFFLINE="true"
ENV MODE="test"
COPY --chown=1000:1000 ["agent/go.mod","/opt/r1code/src/agent/go.mod"]
COPY --chown=1000:1000 ["engine/Cargo.toml","/opt/r1code/src/engine/Cargo.toml"]
COPY --chown=1000:1000 ["web/package.json","/opt/r1code/src/web/package.json"]
WORKDIR /opt/r1code/src
RUN test -x /opt/r1code/venv/bin/python || python3 -m venv /opt/r1code/venv
RUN for site in /opt/r1code/venv/lib/python3*/site-packages; do echo 'import site, sys; site.addsitedir(f"/home/r1code/site/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")' >$site/r1code.pth; done
RUN pip install --no-cache-dir httpx pytest
WORKDIR /opt/r1code/src/agent
RUN go mod download
WORKDIR /opt/r1code/src/engine
RUN mkdir -p src && touch src/lib.rs
RUN CARGO_NET_OFFLINE=false cargo fetch
WORKDIR /opt/r1code/src/web
RUN npm --no-audit --no-fund --no-update-notifier --cache /tmp/npm install --ignore-scripts --no-package-lock
RUN npm rebuild --foreground-scripts --cache /tmp/npm

USER 1000:1000
WORKDIR /workspace
CMD ["bash"]
