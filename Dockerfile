# weir in a container: built with ./dev on Debian 12, run on Debian 12 with the shared libraries it needs and nothing else.
#
#   docker build -t weir .
#   docker run --init -p 127.0.0.1:8787:8787 -v weir-data:/var/lib/weir weir
#
# Inside a container the relay listens on all addresses, since a published port comes from outside; today it asks nobody
# who they are, so that takes --insecure. Publish the port on 127.0.0.1 only, or put something in front of it that asks.
ARG DEBIAN=debian:12

FROM ${DEBIAN} AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates
WORKDIR /src
# The packages first: they change less often than the sources.
COPY dev ./
RUN ./dev install
COPY . .
RUN ./dev build && strip build/release/weir && deploy/runtime-packages build/release/weir > /runtime-packages

FROM ${DEBIAN}-slim
COPY --from=build /runtime-packages /tmp/
RUN apt-get update \
  && xargs apt-get install -y --no-install-recommends < /tmp/runtime-packages \
  && rm -rf /var/lib/apt/lists/* /tmp/runtime-packages \
  && groupadd --system --gid 8787 weir \
  && useradd --system --uid 8787 --gid weir --home-dir /var/lib/weir --shell /usr/sbin/nologin weir \
  && install -d -o weir -g weir -m 0700 /var/lib/weir
COPY --from=build /src/build/release/weir /usr/bin/weir
USER weir
ENV WEIR_DATA=/var/lib/weir WEIR_HTTP=0.0.0.0:8787 WEIR_GRPC=0.0.0.0:8788 WEIR_INSECURE=true WEIR_LOG_FORMAT=json
VOLUME /var/lib/weir
EXPOSE 8787 8788
STOPSIGNAL SIGTERM
# Says why when it is not: `docker inspect` shows the words.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["weir", "health"]
ENTRYPOINT ["weir"]
CMD ["serve"]
