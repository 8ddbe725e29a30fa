#!/usr/bin/env bash
# Takes an Envoy out of service without failing anybody: run it, and when it has ended, stop Envoy (SIGTERM).
#
#     drain.sh [ADMIN]          ADMIN: where the admin page listens, 127.0.0.1:9901 by default
#
# 1. /-/readyz fails, and each answer asks its client to connect anew. NOTICE seconds are for load balancers to see it.
# 2. Connections are drained, and requests under way go on, downloads too, until there are none, or LIMIT seconds are over.
#
# In Kubernetes a preStop hook, with a terminationGracePeriodSeconds of more than NOTICE and LIMIT together; for systemd an
# ExecStop. It needs bash and nothing else.
set -euo pipefail

admin=${1:-127.0.0.1:9901}
notice=${NOTICE:-15}
limit=${LIMIT:-300}

# ask METHOD PATH: the answer's body, chunked or not, of an answer with status 200. (To HTTP/1.0 the admin page says 426.)
ask() {
    local status line
    exec 3<>"/dev/tcp/${admin%:*}/${admin##*:}"
    printf '%s %s HTTP/1.1\r\nhost: admin\r\nconnection: close\r\ncontent-length: 0\r\n\r\n' "$1" "$2" >&3
    read -r _ status _ <&3
    while IFS= read -r line <&3 && [ "$line" != $'\r' ]; do :; done
    cat <&3
    exec 3>&-
    [ "$status" = 200 ]
}

# Requests of clients under way, and bytes that were answered and not yet taken; the admin page's own do not count.
busy() {
    ask GET '/stats?filter=%5Ehttp%5C..*%5C.downstream_(rq_active%7Ccx_tx_bytes_buffered)%24' |
        awk '/^http\./ && !/^http\.admin\./ { sum += $2; seen = 1 } END { if (!seen) exit 1; print sum + 0 }'
}

ask POST /healthcheck/fail >/dev/null
sleep "$notice"
ask POST '/drain_listeners?graceful' >/dev/null

end=$((SECONDS + limit))
while left=$(busy) || exit; [ "$left" -gt 0 ]; do
    if [ "$SECONDS" -ge "$end" ]; then
        echo "drain.sh: after $limit seconds there still are requests under way" >&2
        exit 1
    fi
    sleep 1
done
