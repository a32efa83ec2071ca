/** What the word at the cursor may be: of which kind, not yet which ones there are. Decided from the line alone. */
import type { Flag } from '../program/flags.ts'
import type { Line } from './line.ts'

export type Wanted =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Types of objects: those with the verb, with the subresource, or those named. */
  | { readonly kind: 'types'; readonly verb?: string; readonly subresource?: string; readonly only?: readonly string[] }
  | { readonly kind: 'objects'; readonly type: string; readonly suffix?: string }
  | { readonly kind: 'containers'; readonly pod: string }
  | { readonly kind: 'labs' }
  /** Machines of the lab that `--name` means, or also the programs on them. */
  | { readonly kind: 'machines'; readonly programs: boolean }
  /** By the names that people type; in full, with the registry, where that is how the word begins. */
  | { readonly kind: 'images'; readonly inFull: boolean }
  | { readonly kind: 'contexts' | 'clusters' | 'users' }
  | { readonly kind: 'files' }

const words = (text: string): readonly Wanted[] => [{ kind: 'words', words: text.split(' ') }]
const objects = (type: string): readonly Wanted[] => [{ kind: 'objects', type }]
const FILES: readonly Wanted[] = [{ kind: 'files' }]

/** The values of flags, by the flag's name, or by command and name where a command means something of its own by it. What is not here is free text, or a secret. */
export const VALUES: Readonly<Record<string, (line: Line) => readonly Wanted[]>> = {
  namespace: () => objects('namespaces'),
  node: () => objects('nodes'),
  context: () => [{ kind: 'contexts' }],
  cluster: () => [{ kind: 'clusters' }],
  user: () => [{ kind: 'users' }],
  container: ({ args: [pod] }) => containersOf(pod),
  'debug container': () => [],
  'debug target': ({ args: [pod] }) => containersOf(pod),
  image: ({ begun }) => imagesFor(begun),
  lab: () => [{ kind: 'labs' }],
  name: ({ path }) => (/^(lab|kubeconfig|token)\b/.test(path) ? [{ kind: 'labs' }] : []),
  'lab partition from': () => [{ kind: 'machines', programs: false }, ...words('control-plane')],
  'wait for': () => words('create delete condition= jsonpath='),
  'events for': ({ begun }) => typeAndName(begun),
  types: () => words('Normal Warning'),
  subresource: () => words('status scale'),
  'dry-run': () => words('none server client'),
  validate: () => words('strict warn ignore'),
  cascade: () => words('background orphan foreground'),
  'patch type': () => words('json merge strategic'),
  'expose type': () => words('ClusterIP NodePort LoadBalancer ExternalName'),
  'top node sort-by': () => words('cpu memory'),
  'top pod sort-by': () => words('cpu memory'),
  'image build progress': () => words('auto plain tty quiet'),
  'image build network': () => words('default none host'),
  profile: () => words('legacy general baseline restricted netadmin sysadmin'),
  'image-pull-policy': () => words('Always IfNotPresent Never'),
}

const FILE_FLAGS = new Set(['kubeconfig', 'certificate-authority', 'client-certificate', 'client-key', 'cache-dir', 'filename', 'file', 'from-file', 'from-env-file', 'cert', 'key', 'patch-file', 'token-file', 'docker-config', 'state-dir', 'run-dir', 'image-dir'])

const OUTPUTS = ['json', 'yaml', 'name', 'wide', 'jsonpath=', 'custom-columns=']

export function valuesWanted(line: Line, { name, help }: Flag): readonly Wanted[] {
  const listed = VALUES[`${line.path} ${name}`] ?? VALUES[name]
  if (listed) return listed(line)
  if (FILE_FLAGS.has(name)) return FILES
  return name === 'output' ? [{ kind: 'words', words: OUTPUTS.filter((one) => help.includes(one)) }] : []
}

const containersOf = (pod: string | undefined): readonly Wanted[] => (pod === undefined ? [] : [{ kind: 'containers', pod }])

const imagesFor = (begun: string): readonly Wanted[] => [{ kind: 'images', inFull: begun.startsWith('docker.') }]

/** `TYPE/NAME`: types until there is a slash, then the names of that type. */
function typeAndName(begun: string): readonly Wanted[] {
  const [type = '', ...name] = begun.split('/')
  return name.length > 0 ? objects(type) : [{ kind: 'types', verb: 'list' }]
}

type Arguments = (line: Line) => readonly Wanted[]

/** `TYPE NAME...` or `TYPE/NAME...` */
const typed = (types: Wanted): Arguments => ({ args: [type], begun }) => {
  if (begun.includes('/')) return typeAndName(begun)
  return type === undefined ? [types] : type.includes('/') ? [] : objects(type)
}
const anyType = typed({ kind: 'types', verb: 'list' })
const scalable = typed({ kind: 'types', subresource: 'scale' })
const rolled = typed({ kind: 'types', only: ['deployments', 'daemonsets', 'statefulsets'] })
/** The first argument is an object of the type, or any `TYPE/NAME`. */
const firstIs = (type: string): Arguments => ({ args, begun }) => (args.length > 0 ? [] : begun.includes('/') ? typeAndName(begun) : objects(type))
const all = (...wanted: readonly Wanted[]): Arguments => () => wanted
const images: Arguments = ({ begun }) => imagesFor(begun)
const machines = all({ kind: 'machines', programs: false })
const members = all({ kind: 'machines', programs: true })

export const ARGUMENTS: Readonly<Record<string, Arguments>> = {
  get: anyType,
  describe: anyType,
  delete: anyType,
  edit: anyType,
  label: anyType,
  annotate: anyType,
  patch: anyType,
  wait: anyType,
  expose: anyType,
  'set image': anyType,
  scale: scalable,
  'rollout status': rolled,
  'rollout history': rolled,
  'rollout undo': rolled,
  'rollout restart': rolled,
  'rollout pause': rolled,
  'rollout resume': rolled,
  explain: ({ args }) => (args.length > 0 ? [] : [{ kind: 'types' }]),
  'auth can-i': ({ args, begun }) => (args.length === 0 ? words('get list watch create update patch delete deletecollection') : args.length === 1 ? (begun.includes('/') ? typeAndName(begun) : [{ kind: 'types' }]) : []),
  logs: (line) => (line.args.length === 1 ? containersOf(line.args[0]) : firstIs('pods')(line)),
  exec: firstIs('pods'),
  attach: firstIs('pods'),
  'port-forward': firstIs('pods'),
  debug: firstIs('pods'),
  commit: firstIs('pods'),
  why: firstIs('pods'),
  cp: ({ begun }) => (begun.includes(':') ? [] : begun.includes('/') ? FILES : [{ kind: 'objects', type: 'pods', suffix: ':' }, ...FILES]),
  'top pod': firstIs('pods'),
  'top node': firstIs('nodes'),
  cordon: firstIs('nodes'),
  uncordon: firstIs('nodes'),
  drain: firstIs('nodes'),
  'node confirm-dead': firstIs('nodes'),
  taint: ({ args }) => (args.length === 0 ? words('nodes') : objects('nodes')),
  'create token': firstIs('serviceaccounts'),
  'config use-context': ({ args }) => (args.length > 0 ? [] : [{ kind: 'contexts' }]),
  'config set-context': ({ args }) => (args.length > 0 ? [] : [{ kind: 'contexts' }]),
  'config get-contexts': all({ kind: 'contexts' }),
  'lab kill': members,
  'lab start': members,
  'lab pause': members,
  'lab resume': members,
  'lab clock': members,
  'lab logs': ({ args }) => (args.length > 0 ? [] : [{ kind: 'machines', programs: true }]),
  'lab partition': machines,
  'lab slow': machines,
  'image pull': images,
  'image push': images,
  'image rm': images,
  'image inspect': images,
  'image check': images,
  'image export': images,
  'image history': images,
  'image tag': ({ args, begun }) => (args.length > 0 ? [] : imagesFor(begun)),
  'image import': all({ kind: 'files' }),
  'image build': all({ kind: 'files' }),
  completion: ({ args }) => (args.length > 0 ? [] : words('bash zsh fish')),
}

export const argumentsWanted = (line: Line): readonly Wanted[] => ARGUMENTS[line.path]?.(line) ?? []
