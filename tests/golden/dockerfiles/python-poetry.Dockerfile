# What r1code makes for this project, and why. Edit .r1code/config.toml to add packages.
#   .: python >=3.9,<4, poetry
FROM r1code-base:test

# system packages
USER root
RUN getent passwd 1000 >/dev/null || echo 'r1code:x:1000:1000::/home/r1code:/bin/sh' >>/etc/passwd ; mkdir -p /opt/r1code/src /home/r1code && chown -R 1000:1000 /opt/r1code /home/r1code

# dependencies
USER 1000:1000
ENV HOME=/home/r1code
ENV VIRTUAL_ENV="/opt/r1code/venv"
ENV PATH="/home/r1code/site/bin:/opt/r1code/venv/bin:$PATH"
COPY --chown=1000:1000 ["poetry.lock","/opt/r1code/src/poetry.lock"]
COPY --chown=1000:1000 ["pyproject.toml","/opt/r1code/src/pyproject.toml"]
WORKDIR /opt/r1code/src
RUN test -x /opt/r1code/venv/bin/python || python3 -m venv /opt/r1code/venv
RUN for site in /opt/r1code/venv/lib/python3*/site-packages; do echo 'import site, sys; site.addsitedir(f"/home/r1code/site/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")' >$site/r1code.pth; done
RUN pip install --no-cache-dir -U poetry-core
RUN python3 -m venv /tmp/poetry && /tmp/poetry/bin/pip install --no-cache-dir -q poetry poetry-plugin-export
RUN PATH=/tmp/poetry/bin:$PATH && poetry export -o /tmp/locked.txt --with test
RUN pip install --no-cache-dir -r /tmp/locked.txt
RUN pip install --no-cache-dir pytest

USER 1000:1000
WORKDIR /workspace
CMD ["bash"]
