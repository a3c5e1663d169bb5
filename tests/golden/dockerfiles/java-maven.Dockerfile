# What r1code makes for this project, and why. Edit .r1code/config.toml to add packages.
#   .: java 17, maven
#   note: java comes from Debian's packages, in their version; asked for: 17
FROM r1code-base:test

# system packages
USER root
RUN mkdir -p /usr/share/man/man1 && apt-get update && apt-get install -y --no-install-recommends default-jdk-headless maven && rm -rf /var/lib/apt/lists/*
RUN getent passwd 1000 >/dev/null || echo 'r1code:x:1000:1000::/home/r1code:/bin/sh' >>/etc/passwd ; mkdir -p /opt/r1code/src /home/r1code && chown -R 1000:1000 /opt/r1code /home/r1code

# dependencies
USER 1000:1000
ENV HOME=/home/r1code
COPY --chown=1000:1000 ["pom.xml","/opt/r1code/src/pom.xml"]
WORKDIR /opt/r1code/src
RUN mvn -B -ntp -Dmaven.repo.local=/opt/r1code/m2 dependency:go-offline

USER 1000:1000
WORKDIR /workspace
CMD ["bash"]
