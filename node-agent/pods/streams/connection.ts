import type { ForwardConnection } from './forwarder.ts'
import { startedFrame, stdoutFrame } from './frames.ts'
import type { Frames } from './place.ts'

/** Carries a connection's bytes both ways until it ends or the client is gone; answers with what went wrong, if anything did. */
export async function carry(connection: ForwardConnection, stream: Frames): Promise<string | undefined> {
  stream.send(startedFrame)
  void takeInput(connection, stream)
  try {
    for await (const bytes of connection.output) {
      stream.send(stdoutFrame(bytes))
      await stream.drained?.()
    }
  } catch {
    // How it ended is asked below.
  } finally {
    // Nothing more comes from there: what the client still sends would be lost.
    connection.close()
  }
  return connection.ended
}

async function takeInput(connection: ForwardConnection, stream: Frames): Promise<void> {
  try {
    for await (const { frame } of stream.incoming) {
      if (frame?.$case === 'stdin') await connection.write(frame.value)
      else if (frame?.$case === 'stdinClosed') connection.end()
    }
  } catch {
    // The link broke: the same as a client that left.
  }
  connection.close()
}
