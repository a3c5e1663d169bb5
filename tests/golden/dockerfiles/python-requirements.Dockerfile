# What r1code makes for this project, and why. Edit .r1code/config.toml to add packages.
#   .: python, pip
FROM r1code-base:test

# system packages
USER root
RUN apt-get update && apt-get install -y --no-install-recommends build-essential python3-dev && rm -rf /var/lib/apt/lists/*
RUN getent passwd 1000 >/dev/null || echo 'r1code:x:1000:1000::/home/r1code:/bin/sh' >>/etc/passwd ; mkdir -p /opt/r1code/src /home/r1code && chown -R 1000:1000 /opt/r1code /home/r1code

# dependencies
USER 1000:1000
ENV HOME=/home/r1code
ENV VIRTUAL_ENV="/opt/r1code/venv"
ENV PATH="/home/r1code/site/bin:/opt/r1code/venv/bin:$PATH"
COPY --chown=1000:1000 ["constraints.txt","/opt/r1code/src/constraints.txt"]
COPY --chown=1000:1000 ["requirements-dev.txt","/opt/r1code/src/requirements-dev.txt"]
COPY --chown=1000:1000 ["requirements.txt","/opt/r1code/src/requirements.txt"]
WORKDIR /opt/r1code/src
RUN test -x /opt/r1code/venv/bin/python || python3 -m venv /opt/r1code/venv
RUN for site in /opt/r1code/venv/lib/python3*/site-packages; do echo 'import site, sys; site.addsitedir(f"/home/r1code/site/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")' >$site/r1code.pth; done
RUN pip install --no-cache-dir -U setuptools wheel
RUN sed -i -E '/^[[:space:]]*(-e|--editable|\.|file:)/d' requirements-dev.txt requirements.txt constraints.txt
RUN pip install --no-cache-dir -r requirements-dev.txt pytest

USER 1000:1000
WORKDIR /workspace
CMD ["bash"]
