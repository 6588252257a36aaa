# SPDX-License-Identifier: Apache-2.0
# docker build -t offerd .
# docker run -p 8080:8080 -v "$PWD/rules:/etc/offerd/rules:ro" -v offerd-data:/var/lib/offerd offerd
#
# sudo tests/deploy/dockerfile.py runs what stands here, line by line, without Docker.

FROM debian:12-slim AS build
WORKDIR /src
COPY dev ./
RUN ./dev deps
COPY . .
RUN ./dev release

FROM debian:12-slim
# No versions: an image built today shall have today's security fixes of Debian 12.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates libcjson1 libcsv3 libgnutls30 libhiredis0.14 liblapacke libmicrohttpd12 libnettle8 libpq5 libsodium23 \
        libsqlite3-0 libuv1 libyaml-0-2 tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin \
    && groupadd --system --gid 10001 offerd \
    && useradd --system --uid 10001 --gid offerd --home-dir /var/lib/offerd --shell /usr/sbin/nologin offerd \
    && install -d -o offerd -g offerd -m 0750 /var/lib/offerd \
    && install -d /etc/offerd/rules
COPY --from=build /src/build-release/offerd /usr/local/bin/offerd

# Catalogue, log and model; as one of a fleet: the spool. Nothing else is written.
VOLUME /var/lib/offerd
ENV OFFERD_LISTEN=:8080 \
    OFFERD_DATA_DIR=/var/lib/offerd \
    OFFERD_RULES_DIR=/etc/offerd/rules \
    OFFERD_LOG_FORMAT=json
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["offerd", "health"]
ENTRYPOINT ["offerd"]
CMD ["serve"]
