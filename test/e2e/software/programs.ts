/** The programs that the images hold beside their packages. */

/** Makes the data folder once, then becomes the server. */
export const POSTGRES_ENTRYPOINT = `#!/bin/sh
set -e
export PATH="/usr/lib/postgresql/15/bin:$PATH"
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  printf '%s' "$POSTGRES_PASSWORD" >/tmp/password
  initdb --pgdata="$PGDATA" --username=postgres --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust --encoding=UTF8 --locale=C.UTF-8
  rm /tmp/password
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
fi
exec "$@" -c listen_addresses='*'
`

/** Answers after a moment, and on SIGTERM ends what it has begun before it goes. */
export const NODE_PROGRAM = `const http = require('node:http')
let ready = true
const server = http.createServer((request, response) => {
  if (request.url === '/ready') return response.writeHead(ready ? 200 : 503).end()
  if (request.url === '/slow') console.log('begun')
  setTimeout(() => response.end('hello from ' + process.env.NAME + ' as pid ' + process.pid + '\\n'), request.url === '/slow' ? 3000 : 0)
})
server.listen(8080, () => console.log('listening on 8080'))
process.on('SIGTERM', () => {
  ready = false
  console.log('told to stop')
  server.close(() => { console.log('stopped cleanly'); process.exit(0) })
  server.closeIdleConnections()
})
`

/** Tells how large a heap the machine gives it and how many processors it sees. */
export const JAVA_PROGRAM = `import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

public class Main {
  public static void main(String[] arguments) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(8080), 0);
    server.createContext("/", exchange -> {
      byte[] answer = ("heap " + Runtime.getRuntime().maxMemory() + " processors " + Runtime.getRuntime().availableProcessors()).getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
      exchange.close();
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("shutdown hook ran")));
    server.start();
    System.out.println("serving");
  }
}
`
