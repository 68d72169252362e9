# One image for every process of the system: the services, the simulator, the command line `arb`.
# Which of them a container is, its command says: node services/<name>/dist/main.js.
ARG NODE_IMAGE=node:24.11.0-bookworm-slim
ARG POSTGRES_IMAGE=postgres:18.0-alpine

# Only what decides which packages are installed: a change of the code alone does not install them anew.
FROM ${NODE_IMAGE} AS manifests
COPY . /source
RUN mkdir /manifests && cd /source \
 && find . \( -name package.json -o -name package-lock.json -o -path ./cli/arb.js \) -exec cp --parents '{}' /manifests ';'

# What runs: the packages of the services, the simulator and the command line, nothing of development or measurement.
FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY --from=manifests /manifests ./
RUN npm ci --ignore-scripts --omit=dev --include-workspace-root -w libs -w services -w simulator -w cli --no-audit --no-fund --loglevel=error

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY --from=manifests /manifests ./
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY . .
# Of what building leaves behind, nothing is taken along that only building needs.
RUN node_modules/.bin/tsc -b services/* simulator cli \
 && npm pkg delete bin workspaces devDependencies scripts \
 && rm -rf node_modules bench package-lock.json tsconfig*.json \
 && find libs services simulator cli -type d \( -name src -o -name fixtures \) -prune -exec rm -rf '{}' + \
 && find libs services simulator cli \( -name '*.d.ts' -o -name 'tsconfig*.json' -o -name '*.tsbuildinfo' -o -name '.tsbuildinfo' \) -delete

# `arb backup` and `arb restore` need the client programs of exactly the server's version; those of the distribution are older and would
# refuse. So they come from the server's own image, each with every library that it loads, down to the loader.
FROM ${POSTGRES_IMAGE} AS postgres-client
COPY deploy/compose/client-of.sh /
RUN sh /client-of.sh /opt/postgres pg_dump pg_restore

FROM ${NODE_IMAGE}
# V8 takes the container's limit for the machine's memory: at 512 MB its young generation would get 2 MB instead of its usual 16, which
# costs a sixth of the highest rate.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=16 NPM_CONFIG_UPDATE_NOTIFIER=false \
    ARB_HTTP_HOST=0.0.0.0 ARB_HTTP_PORT=8080 ARB_HOME=/data
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app ./
COPY --from=postgres-client /opt/postgres /opt/postgres
# A new volume takes over the owner of the folder that it is mounted on first: so nobody needs root to write there.
RUN install -d -o node -g node /data /streams && install -d -o node -g node -m 0750 /secrets \
 && ln -s /opt/postgres/bin/* /usr/local/bin/ && pg_dump --version && pg_restore --version \
 && for bin in /usr/local/bin/arb node_modules/.bin/arb; do ln -sf /app/deploy/compose/arb.sh "$bin"; done
# By number: a cluster that wants proof that it is not root cannot look a name up.
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --start-interval=1s --retries=3 \
  CMD ["bash", "/app/deploy/compose/healthy.sh"]
CMD ["arb", "help"]
# Last, because they change with every commit. The release script gives them.
ARG VERSION=0.0.0-local
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="arbitrage-lite" \
      org.opencontainers.image.description="Cross-exchange arbitrage on paper: services, simulated exchanges, command line" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
