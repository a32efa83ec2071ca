/** `pull-image.ts IMAGE STORE`: pulls the image from a registry without TLS into an empty store, as an agent does. */
import { createImageStore } from '../../node-agent/images/images.ts'
import { createRegistryClient, parseRegistrySettings } from '../../node-agent/images/registry/registry.ts'
import { silentLog } from '../../shared/kit/log.ts'

const [name = '', root = ''] = process.argv.slice(2)
const [host = ''] = name.split('/')
const registry = createRegistryClient({ settings: async () => parseRegistrySettings(JSON.stringify({ [host]: { server: `http://${host}` } }), 'bench', 'configured') })
const store = await createImageStore({ root, log: silentLog, registry })
const result = await store.ensure(name, 'Always', { signal: new AbortController().signal })
if (result.kind === 'refused') throw new Error(result.message)
process.exit()
