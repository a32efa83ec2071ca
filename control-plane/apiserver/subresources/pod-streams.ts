import type { Handler } from '../handlers/context.ts'
import { boolParameter, textParameter } from '../options/parameters.ts'
import { badRequest } from '../status.ts'
import { admitConnection, terminalOptions } from './admit.ts'
import { checkNode, chooseContainer, openStream, podTarget, requireNode } from './pod-target.ts'
import type { SubresourcePorts } from './ports.ts'

/** `pods/NAME/exec` and `pods/NAME/attach`: checked here, carried by the door. */
export const terminalHandler =
  (kind: 'exec' | 'attach', { nodeStreams }: SubresourcePorts): Handler =>
  async (context) => {
    const { query } = context.request
    const options = terminalOptions(context, kind === 'attach')
    if (kind === 'attach') await admitConnection(context, 'PodAttachOptions', options)
    else await admitConnection(context, 'PodExecOptions', { ...options, command: query.getAll('command') })
    const target = await podTarget(context)
    const container = chooseContainer(target.pod, textParameter(query, 'container'))
    const nodeName = requireNode(target)
    checkNode(context, nodeName)
    const tty = boolParameter(query, 'tty') ?? false
    const stdin = boolParameter(query, 'stdin') ?? false
    const stdout = boolParameter(query, 'stdout') ?? kind === 'attach'
    // A terminal has one output.
    const stderr = !tty && (boolParameter(query, 'stderr') ?? kind === 'attach')
    const value = { pod: target.ref, container, command: query.getAll('command'), stdin, stdout, stderr, tty }
    return { kind: 'upgrade', upgrade: { kind, stdin, stdout, stderr, tty, open: (signal) => openStream(nodeStreams, nodeName, { request: { $case: kind, value }, signal }) } }
  }

/** `pods/NAME/portforward`. */
export const portForwardHandler =
  ({ nodeStreams }: SubresourcePorts): Handler =>
  async (context) => {
    const ports = checkedPorts(context.request.query.getAll('ports'))
    await admitConnection(context, 'PodPortForwardOptions', ports.length === 0 ? {} : { ports })
    const target = await podTarget(context)
    const nodeName = requireNode(target)
    checkNode(context, nodeName)
    const openPort = (port: number, signal: AbortSignal): ReturnType<typeof openStream> => openStream(nodeStreams, nodeName, { request: { $case: 'portForward', value: { pod: target.ref, port } }, signal })
    return { kind: 'upgrade', upgrade: { kind: 'portforward', openPort } }
  }

/** Ports of WebSocket clients of old; others name them on their streams. Throws a 400. */
function checkedPorts(texts: readonly string[]): readonly number[] {
  return texts.flatMap((one) => one.split(',')).map((text) => {
    if (!/^\d+$/.test(text)) throw badRequest(`cannot convert to []int32: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
    return Number(text)
  })
}
