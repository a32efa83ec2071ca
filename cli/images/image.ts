import type { Command } from '../program/command.ts'
import { list, text, toggle } from '../program/flags.ts'
import { PLACE_FLAGS } from './places.ts'

const OUTPUT = text('output', 'Output format: wide, json, yaml, name, jsonpath=…, custom-columns=…', { short: 'o' })
const LOGINS = text('docker-config', 'A docker config with logins; $DOCKER_CONFIG or ~/.docker/config.json unless given. Only those for the registry in question are used')
const later = (load: () => Promise<NonNullable<Command['run']>>): NonNullable<Command['run']> => async (call) => (await load())(call)

export const image: Command = {
  name: 'image',
  summary: 'Images on the nodes: build, bring, look at, name, take away',
  subcommands: [
    {
      name: 'ls',
      aliases: ['list'],
      summary: 'List the images that nodes have',
      examples: 'gantry image ls\ngantry image ls --node n1 -o wide',
      flags: [...PLACE_FLAGS, OUTPUT, toggle('no-headers', 'Do not print headers'), toggle('quiet', 'Ids alone', { short: 'q' })],
      run: later(async () => (await import('./ls.ts')).listImages),
    },
    {
      name: 'build',
      summary: 'Build an image from a Dockerfile or Containerfile, on a node',
      usage: '[-t NAME] FOLDER',
      examples: 'gantry image build -t app:1.0 .\n\n# One stage of another file, with an argument and a secret\ngantry image build -t app:test -f docker/Dockerfile --target test --build-arg VERSION=2 --secret id=token,src=token.txt .\n\n# What a script wants to know\nID=$(gantry image build -q .)',
      flags: [
        list('node', 'The node that builds; any unless given. The nodes of a lab share what is built'),
        list('tag', 'Name of the image, may be repeated', { short: 't' }),
        text('file', 'The Dockerfile, "-" for standard input; Dockerfile or Containerfile of the folder unless given', { short: 'f' }),
        text('target', 'The stage to build, by name or number; the last one unless given'),
        list('build-arg', 'NAME=VALUE for an ARG, or NAME for a variable of this shell; may be repeated'),
        list('label', 'NAME=VALUE of the image, may be repeated'),
        list('secret', 'id=NAME,src=FILE or id=NAME,env=VARIABLE: for RUN --mount=type=secret,id=NAME alone, in no layer'),
        text('network', 'For RUN: default (as a pod), none, or host (the node)', { default: 'default' }),
        toggle('no-cache', 'Do every step anew'),
        toggle('pull', 'Ask the registries for newer base images'),
        text('progress', 'auto, plain (lines), tty or quiet', { default: 'auto' }),
        toggle('quiet', 'Print the id alone', { short: 'q' }),
        LOGINS,
      ],
      run: later(async () => (await import('./build/build.ts')).buildImage),
    },
    {
      name: 'pull',
      summary: 'Pull images from their registries to the nodes',
      usage: 'IMAGE...',
      examples: 'gantry image pull nginx:1.27\ngantry image pull registry.example/team/app:1.0 --node n1',
      flags: [...PLACE_FLAGS, LOGINS],
      run: later(async () => (await import('./transfer.ts')).pullImages),
    },
    {
      name: 'push',
      summary: 'Push images from a node to the registry that their names begin with',
      usage: 'IMAGE...',
      examples: 'gantry image tag app:1.0 registry.example/team/app:1.0\ngantry image push registry.example/team/app:1.0',
      flags: [...PLACE_FLAGS, LOGINS],
      run: later(async () => (await import('./transfer.ts')).pushImages),
    },
    {
      name: 'import',
      summary: 'Bring in the images of archives: OCI layouts or what "docker save" writes, plain or compressed',
      usage: 'FILE...',
      examples: 'docker save -o app.tar app:1.0\ngantry image import app.tar',
      flags: PLACE_FLAGS,
      run: later(async () => (await import('./import.ts')).importFiles),
    },
    {
      name: 'export',
      summary: 'Write images to an archive that every reader of images takes',
      usage: 'IMAGE... -f FILE',
      examples: 'gantry image export app:1.0 -f app.tar\ngantry image export app:1.0 | docker load',
      flags: [...PLACE_FLAGS, text('filename', 'The archive; standard output unless given', { short: 'f' })],
      run: later(async () => (await import('./export.ts')).exportImages),
    },
    {
      name: 'tag',
      summary: 'Give an image one more name',
      usage: 'IMAGE NAME',
      examples: 'gantry image tag app:1.0 registry.example/team/app:1.0',
      flags: PLACE_FLAGS,
      run: later(async () => (await import('./change.ts')).tagImage),
    },
    {
      name: 'rm',
      aliases: ['remove'],
      summary: 'Take the names of images away, and with the last name the image',
      usage: 'IMAGE...',
      flags: PLACE_FLAGS,
      run: later(async () => (await import('./change.ts')).removeImages),
    },
    {
      name: 'prune',
      summary: 'Remove images that have no name and no container; with --all every one without a container',
      flags: [...PLACE_FLAGS, toggle('all', 'Also those that have names', { short: 'a' })],
      run: later(async () => (await import('./change.ts')).pruneImages),
    },
    {
      name: 'history',
      summary: 'Show how an image was made, newest step first',
      usage: 'IMAGE',
      flags: [...PLACE_FLAGS, OUTPUT, toggle('no-trunc', 'Whole commands')],
      run: later(async () => (await import('./look.ts')).showHistory),
    },
    {
      name: 'inspect',
      summary: 'Show everything about an image',
      usage: 'IMAGE...',
      flags: [...PLACE_FLAGS, OUTPUT],
      run: later(async () => (await import('./look.ts')).inspectImages),
    },
    {
      name: 'check',
      summary: 'Read every byte of images and compare it with its digest; says what is damaged and what to do',
      usage: '[IMAGE...]',
      flags: [...PLACE_FLAGS, toggle('repair', 'Unpack damaged layers anew from what is whole')],
      run: later(async () => (await import('./check.ts')).checkImages),
    },
  ],
}
