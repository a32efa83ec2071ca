/** What all commands that change objects have in common: dry runs, field managers, and how they say what they did. */
import type { ApiObject } from '../cluster/cluster.ts'
import { printerFor } from '../print/objects.ts'
import type { Call } from '../program/command.ts'
import { optional, text, toggle, type Flag } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'

export type DryRun = 'none' | 'client' | 'server'

export const OUTPUT: Flag = text('output', 'Output format: json, yaml, name, jsonpath=…, custom-columns=…', { short: 'o' })
export const DRY_RUN: Flag = optional('dry-run', 'Must be "none", "server" or "client": only show what would be sent, or let the server try without storing', { bare: 'client', default: 'none' })
export const MANAGED_FIELDS: Flag = toggle('show-managed-fields', 'Keep managedFields when printing JSON or YAML')
export const VALIDATE: Flag = optional('validate', 'strict, warn or ignore: what happens to unknown and misshapen fields', { bare: 'strict', default: 'strict' })
export const fieldManager = (name: string): Flag => text('field-manager', 'Name under which fields are managed', { default: name })

/** @throws Problem */
export function dryRunOf({ flags }: Pick<Call, 'flags'>): DryRun {
  if (!flags.knows('dry-run')) return 'none'
  const given = flags.text('dry-run') ?? 'none'
  if (given === 'none' || given === 'client' || given === 'server') return given
  throw new Problem(`Invalid dry-run value (${given}). Must be "none", "server", or "client".`)
}

/** Query of a writing request. */
export const writeQuery = (call: Pick<Call, 'flags'>): Readonly<Record<string, string | undefined>> => ({
  dryRun: dryRunOf(call) === 'server' ? 'All' : undefined,
  fieldManager: call.flags.text('field-manager'),
})

const SUFFIX: Readonly<Record<DryRun, string>> = { none: '', client: ' (dry run)', server: ' (server dry run)' }

/** `pod/web created`, or the object in the format asked for. */
export async function report(call: Call, object: ApiObject, { name, verb }: { readonly name: string; readonly verb: string }): Promise<void> {
  const output = call.flags.text('output') ?? ''
  if (output === '') return call.terminal.out(`${name} ${verb}${SUFFIX[dryRunOf(call)]}\n`)
  const print = await printerFor(output, { showManagedFields: call.flags.is('show-managed-fields') })
  if (!print) throw new Problem(`unable to match a printer suitable for the output format "${output}"`)
  call.terminal.out(await print(object))
}

/** As the object would be stored, with the namespace it goes to. */
export function withNamespace(object: ApiObject, namespace: string | undefined): ApiObject {
  return namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace } }
}

/** Where an object from a file goes. @throws Problem when the file and the command line disagree */
export function namespaceOf(object: ApiObject, { namespace, target }: { readonly namespace: string; readonly target: { readonly namespaceGiven: boolean } }): string {
  const own = object.metadata?.namespace
  if (own !== undefined && own !== '' && target.namespaceGiven && own !== namespace) {
    throw new Problem(`the namespace from the provided object "${own}" does not match the namespace "${namespace}". You must pass '--namespace=${own}' to perform this operation.`)
  }
  return own || namespace
}
