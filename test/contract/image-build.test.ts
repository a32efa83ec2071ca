import { execFileSync } from 'node:child_process'
import { createHash, randomInt, randomUUID } from 'node:crypto'
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BuildParts } from '../../node-agent/builds/workplace.ts'
import { collectGarbage } from '../../node-agent/collector/collector.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import { type TarInput, writeTar } from '../../node-agent/images/tar-writer.ts'
import { createVolumes } from '../../node-agent/volumes/volumes.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { BuildLine } from '../../shared/model/image-api.ts'
import { build, closePlace, folder, inside, leftovers, modules, nothing, openPlace, parts, secretsFolder, store } from './build-place.ts'
import { CONTEXT, FILE } from './builds.ts'

beforeAll(openPlace)
afterAll(closePlace)

test.skipIf(!modules.appArmor || !existsSync('/sbin/apparmor_parser'))('where the host has AppArmor, what a build runs is under the profile of the node', async () => {
  expect(await inside('base:1', 'cat /proc/self/attr/current')).toBe('gantry-default (enforce)\n')
})

const configOf = async (id: string): Promise<Readonly<Record<string, unknown>>> => (await store.shelf.inspect(id)).config as Readonly<Record<string, unknown>>
describe('a build of two stages', () => {
  test('makes an image with its files, its config and its history, and leaves nothing else', async () => {
    await store.forgetBuilds('all')
    const { id, failed, output, steps } = await build(FILE, { context: CONTEXT, tags: ['built:1', 'built:2'], args: { WHO: 'you' }, labels: { c: 'd' } })
    expect(failed).toBe('')
    expect(output).toBe('alpha\n')
    expect(steps.map(([name]) => name)).toEqual(['[build 1/4] FROM base:1', '[build 2/4] WORKDIR /work/deep', '[build 3/4] COPY src/*.txt notes/', expect.stringMatching(/^\[build 4\/4\] RUN --mount/) as string, '[stage-1 1/2] COPY --from=build --chown=33 /work/deep /out', '[stage-1 2/2] COPY --chmod=600 <<EOT /out/here.txt'])
    const image = await store.find('built:2')
    expect(image).toMatchObject({ id, tags: ['docker.io/library/built:1', 'docker.io/library/built:2'], config: { entrypoint: ['/out/made'], cmd: ['/bin/sh', '-c', '--help'], user: '33', labels: { a: 'b', c: 'd' } } })
    const { rootfs } = await parts.snapshots.prepare('look', image?.layers ?? [])
    const about = (path: string): string => `${(lstatSync(join(rootfs, path)).mode & 0o7777).toString(8)} ${lstatSync(join(rootfs, path)).uid}`
    expect(readdirSync(rootfs)).toEqual(['out'])
    expect(readdirSync(join(rootfs, 'out')).toSorted()).toEqual(['here.txt', 'made', 'notes'])
    expect(readFileSync(join(rootfs, 'out/made'), 'utf8')).toBe('hello you\n')
    expect(readFileSync(join(rootfs, 'out/here.txt'), 'utf8')).toBe('from below\n')
    expect([about('out/here.txt'), about('out/notes/b.txt'), about('out/notes/a.txt')]).toEqual(['600 0', '755 33', '644 33'])
    await parts.snapshots.remove('look')
    expect((await store.shelf.history('built:1')).map(({ createdBy }) => createdBy)).toEqual(['COPY --from=build --chown=33 /work/deep /out', 'COPY --chmod=600 <<EOT /out/here.txt', 'USER 33', 'LABEL a=b', 'ENTRYPOINT ["/out/made"]', 'CMD ["/bin/sh","-c","--help"]'])
    expect((await store.shelf.check(['built:1'], { repair: false })).damage).toEqual([])
    expect(await leftovers()).toEqual(nothing)
  })

  test('done again is the same image, and nothing is done; another build argument or file does what depends on it', async () => {
    const first = await build(FILE, { context: CONTEXT, args: { WHO: 'you' }, labels: { c: 'd' } })
    expect(first.steps.map(([, state]) => state)).toEqual(['cached', 'cached', 'cached', 'cached', 'cached', 'cached'])
    expect(first.id).toBe((await store.find('built:1'))?.id)
    const other = await build(FILE, { context: CONTEXT, args: { WHO: randomUUID() } })
    expect(other.steps.map(([, state]) => state)).toEqual(['cached', 'cached', 'cached', 'done', 'done', 'done'])
    const changed = await build(FILE, { context: CONTEXT.map((file) => (file.name === 'src/b.txt' ? { ...file, content: randomUUID() } : file)), args: { WHO: 'you' } })
    expect(changed.steps.map(([, state]) => state)).toEqual(['cached', 'cached', 'done', 'done', 'done', 'done'])
    const unread = await build(FILE, { context: CONTEXT.map((file) => (file.name === 'src/c.md' ? { ...file, content: 'else' } : file)), args: { WHO: 'you' } })
    expect(unread.steps.every(([, state]) => state === 'cached')).toBe(true)
    const anew = await build(FILE, { context: CONTEXT, args: { WHO: 'you' }, target: 'build', noCache: true })
    expect(anew.steps.map(([, state]) => state)).toEqual(['cached', 'done', 'done', 'done'])
    await store.discardAll([anew.id])
  })

  test('what is kept for later goes with the rest: unneeded layers first, all when asked', async () => {
    await store.forgetBuilds('unneeded')
    await store.reclaim()
    expect((await build(FILE, { context: CONTEXT, args: { WHO: 'you' } })).steps.map(([, state]) => state)).toEqual(['cached', 'done', 'done', 'done', 'cached', 'cached'])
    const before = (await store.stored()).length
    expect(before).toBeGreaterThan(4)
    await store.forgetBuilds('all')
    expect((await store.stored()).length).toBe((await store.list()).length)
    expect(readdirSync(join(folder, 'store/build-cache/mounts'))).toEqual([])
  })
})

test('what is cleared away meanwhile is not the cache that a command has mounted', async () => {
  const dockerfile = 'FROM base:1\nRUN --mount=type=cache,id=busy,target=/cache touch /cache/mine && echo ready && while test -e /cache/mine && test ! -e /cache/go; do sleep 0.05; done; test -e /cache/mine'
  const mountsFolder = join(folder, 'store/build-cache/mounts')
  const cleared = Promise.withResolvers<void>()
  const ended = new AbortController()
  const onLine = (line: BuildLine): void => {
    if (line.kind !== 'output' || !line.text.includes('ready')) return
    // Another agent of the same host.
    const clear = async (): Promise<void> => {
      const other = await createImageStore({ root: join(folder, 'store'), log: silentLog })
      await other.forgetBuilds('all')
      for (const name of readdirSync(mountsFolder)) if (!name.endsWith('.json')) await writeFile(join(mountsFolder, name, 'go'), '')
    }
    clear().then(cleared.resolve, (error: unknown) => (cleared.reject(error), ended.abort()))
  }
  const [{ failed }] = await Promise.all([build(dockerfile, { noCache: true, onLine, signal: ended.signal }), cleared.promise])
  expect(failed).toBe('')
  await store.forgetBuilds('all')
  expect(readdirSync(mountsFolder)).toEqual([])
})

test('the same time given, the same bytes are made anew', async () => {
  const file = 'FROM base:1\nWORKDIR /a\nCOPY src /a/b\nRUN echo x > /a/c'
  const args = { SOURCE_DATE_EPOCH: '1600000000' }
  const one = await build(file, { context: CONTEXT, args, noCache: true })
  const two = await build(file, { context: CONTEXT, args, noCache: true })
  expect(one.failed).toBe('')
  expect(two.id).toBe(one.id)
  expect(await configOf(one.id)).toMatchObject({ created: '2020-09-13T12:26:40Z' })
})

test('another time given, nothing is taken from a build that had the first', async () => {
  const states = async (epoch: string): Promise<readonly string[]> => (await build('FROM base:1\nWORKDIR /dated\nCOPY src /dated/b\nRUN echo x > /dated/c', { context: CONTEXT, args: { SOURCE_DATE_EPOCH: epoch } })).steps.map(([, state]) => state)
  const first = randomInt(1_600_000_001, 1_700_000_000)
  expect(await states(String(first))).toEqual(['cached', 'done', 'done', 'done'])
  expect(await states(String(first + 1))).toEqual(['cached', 'done', 'done', 'done'])
  expect(await states(String(first))).toEqual(['cached', 'cached', 'cached', 'cached'])
})

test('WORKDIR makes its folder for the user; the same folder for another is another step', async () => {
  const owners = async (user: string): Promise<string> => (await build(`FROM base:1\nUSER ${user}\nWORKDIR /own/deep\nUSER root\nRUN stat -c %u:%g /own /own/deep; : ${randomUUID()}`)).output
  expect(await owners('www-data')).toBe('33:33\n33:33\n')
  expect(await owners('7:8')).toBe('7:8\n7:8\n')
  expect(await owners('root')).toBe('0:0\n0:0\n')
  expect((await build('FROM base:1\nUSER stranger\nWORKDIR /own')).failed).toMatch(/^Dockerfile:3: USER stranger: /)
})

test('a stage knows what the one it is built on asked for', async () => {
  const { failed, output } = await build('FROM base:1 AS one\nARG WHO=nobody\nARG B=${WHO}!\nFROM one AS two\nFROM two\nRUN echo "$WHO $B"', { args: { WHO: 'you' }, noCache: true })
  expect([failed, output]).toEqual(['', 'you you!\n'])
})

describe('RUN', () => {
  test('is a container like others: its user, folder, variables, walls; scripts below it; secrets, tmpfs and binds', async () => {
    const { output, failed } = await build(
      `FROM base:1
USER www-data
WORKDIR /srv
SHELL ["/bin/sh", "-e", "-c"]
ENV A=1 B=\${A:-2}
RUN exec 2>/dev/null; echo "$(id -u):$(id -g) $(pwd) $A$B $$ $(HOME)" && hostname
USER root
RUN <<EOF
echo script $A
test ! -e /proc/kcore/x
grep -c Seccomp:.2 /proc/self/status
EOF
RUN <<EOF
#!/bin/cat
own interpreter
EOF
RUN --mount=type=secret,id=s,target=/s --mount=type=secret,id=s,env=S --mount=type=tmpfs,target=/t --mount=source=src,target=/mnt touch /t/x && cat /s && echo " $S" && ls /mnt /t && ! touch /mnt/x 2>/dev/null
RUN --mount=target=/mnt,rw touch /mnt/written
RUN ["/bin/echo", "$A"]
RUN ls /`,
      { context: CONTEXT, secrets: { s: Buffer.from('hush').toString('base64') } },
    )
    expect(failed).toBe('')
    expect(output.split('\n').slice(1, 3)).toEqual(['build', 'script 1'])
    expect(output).toContain('33:33 /srv 12 1 ')
    expect(output).toContain('\n1\n#!/bin/cat\nown interpreter\nhush hush\n/mnt:\na.txt\nb.txt\nc.md\n\n/t:\nx\n$A\n')
    // What was only mounted on is not in the image.
    expect(output.slice(output.indexOf('$A\n'))).not.toMatch(/^(s|t|mnt|run|cache)$/m)
  })

  test('has its secrets in memory while it runs, and never when it is known already', async () => {
    const secrets = { s: Buffer.from('hush').toString('base64') }
    const file = `FROM base:1\nRUN --mount=type=secret,id=s,target=/s cat /s && grep " /s " /proc/self/mountinfo; : ${randomUUID()}`
    const { failed, output } = await build(file, { secrets })
    expect(failed).toBe('')
    expect(output).toMatch(/^hush.* \/run\/build-secrets\/[0-9a-f-]{36}\/[0-9a-f]{64} \/s /)
    await rm(secretsFolder(), { recursive: true, force: true })
    const again = await build(file, { secrets })
    expect([again.steps.at(-1)?.[1], existsSync(secretsFolder())]).toEqual(['cached', false])
    expect(await leftovers()).toEqual(nothing)
  })

  test('takes no more of the network than the caller gave, nor does a base image’s ONBUILD', async () => {
    const refused = /^Dockerfile:(\d): RUN --network=host asks for the network of the node itself.*build with --network=host/
    expect((await build('FROM base:1\nRUN --network=host true', { network: 'default' })).failed).toMatch(refused)
    await build('FROM base:1\nONBUILD RUN --network=host true', { tags: ['greedy:1'] })
    expect((await build('FROM greedy:1', { network: 'default' })).failed).toMatch(refused)
    const { output, failed } = await build('FROM base:1\nRUN --network=default ls /sys/class/net', { network: 'none' })
    expect([failed, output.split('\n').filter((name) => name.startsWith('eth'))]).toEqual(['', []])
  })

  test('whose output cannot be read fails alone, and the agent lives', async () => {
    const by: BuildParts = {
      ...parts,
      logs: {
        ...parts.logs,
        // eslint-disable-next-line require-yield
        async *read() {
          throw new Error('the log is gone')
        },
      },
    }
    const { failed } = await build('FROM base:1\nRUN sleep 0.2', { by, noCache: true })
    expect(failed).toContain('the log is gone')
    expect(await leftovers()).toEqual(nothing)
  })

  test('may print much: its log begins anew now and then, and nothing is lost', async () => {
    const { failed, output } = await build(`FROM base:1\nRUN yes ${'x'.repeat(999)} | head -n 9000; echo end`)
    expect(failed).toBe('')
    expect([output.length, output.slice(-6)]).toEqual([9_000_004, 'x\nend\n'])
  })

  test('that fails ends the build where it stands, in words', async () => {
    const { failed, steps, id } = await build('FROM base:1\n\nRUN echo no >&2; false\nRUN true')
    expect(failed).toBe('Dockerfile:3: process "/bin/sh -c echo no >&2; false" did not complete successfully: exit code: 1')
    expect([steps.at(-1)?.[1], id]).toEqual(['failed', ''])
    expect((await build('FROM base:1\nRUN ["/nothing"]')).failed).toMatch(/^Dockerfile:2: .*\/nothing.*(not found|No such file)/)
    expect((await build('FROM nobody-has-this:1\n')).failed).toContain('nobody-has-this:1')
    expect(await leftovers()).toEqual(nothing)
  })

  test('ends when nobody waits for it any more, and takes everything with it', async () => {
    const stop = new AbortController()
    const onLine = (line: BuildLine): void => void (line.kind === 'output' && stop.abort(new Error('interrupted')))
    const { failed } = await build('FROM base:1\nRUN echo begun; sleep 1000', { signal: stop.signal, onLine })
    expect(failed).toContain('interrupted')
    expect(await leftovers()).toEqual(nothing)
  })

  test('of a builder that was killed is cleared away by the collector, and one that lives is left alone', async () => {
    const volumes = await createVolumes({ stateFolder: join(folder, 'pods'), clock: systemClock, log: silentLog })
    const stop = new AbortController()
    const seen = Promise.withResolvers<void>()
    // Who is dead hears nothing of its container's end, and clears nothing away.
    const { runtime } = parts
    const dead: BuildParts = { ...parts, runtime: { name: '', version: '', create: (spec) => runtime.create(spec), start: (id) => runtime.start(id), kill: (id, sign) => runtime.kill(id, sign), delete: (id) => runtime.delete(id), state: (id) => runtime.state(id), list: () => runtime.list(), onExit: () => () => {}, exec: (id, options) => runtime.exec(id, options), openInput: (id) => runtime.openInput(id), resizeTerminal: async () => {}, reopenLog: async () => {} } }
    const running = build('FROM base:1\nRUN echo begun; sleep 1000', { by: dead, noCache: true, signal: stop.signal, onLine: (line) => void (line.kind === 'output' && seen.resolve()) })
    await seen.promise
    expect(await collectGarbage({ ...parts, volumes }, () => parts.guests)).toEqual([])
    // An agent that begins anew has no guests.
    const found = await collectGarbage({ ...parts, volumes }, () => [])
    expect(found.map(({ kind }) => kind)).toEqual(['container', 'snapshot', 'cgroup'])
    stop.abort(new Error('killed'))
    await running
    expect(await leftovers()).toEqual(nothing)
  })
})

describe('COPY and ADD', () => {
  test('put files where Docker does', async () => {
    const tar = writeTar([{ name: 'in/', kind: 'folder', mode: 0o711 }, { name: 'in/owned', content: 'x', uid: 7, gid: 8 }])
    const context: readonly TarInput[] = [...CONTEXT, { name: 'a.tgz', content: gzipSync(tar) }, { name: 'plain.gz', content: gzipSync('no archive') }, { name: 'link', kind: 'symlink', link: 'src/a.txt' }, { name: 'src/inner', kind: 'symlink', link: '/etc/passwd' }]
    const { id, failed } = await build('FROM base:1\nRUN mkdir /real && touch /real/old\nCOPY src /real\nCOPY src/a.txt /one\nCOPY src/a.txt /dir/\nCOPY link /followed\nCOPY --parents src/b.txt /p/\nCOPY --exclude=*.md src /less/\nADD a.tgz plain.gz /un/\nCOPY a.tgz /', { context })
    expect(failed).toBe('')
    const { rootfs } = await parts.snapshots.prepare('look', (await store.find(id))?.layers ?? [])
    const at = (path: string): string => join(rootfs, path)
    expect(readdirSync(at('real')).toSorted()).toEqual(['a.txt', 'b.txt', 'c.md', 'inner', 'old'])
    expect(lstatSync(at('real/inner')).isSymbolicLink()).toBe(true)
    expect([readFileSync(at('one'), 'utf8'), readFileSync(at('dir/a.txt'), 'utf8'), readFileSync(at('followed'), 'utf8'), readFileSync(at('p/src/b.txt'), 'utf8')]).toEqual(['alpha\n', 'alpha\n', 'alpha\n', 'beta\n'])
    expect(readdirSync(at('less')).toSorted()).toEqual(['a.txt', 'b.txt', 'inner'])
    expect(readdirSync(at('un')).toSorted()).toEqual(['in', 'plain.gz'])
    expect([lstatSync(at('un/in')).mode & 0o777, lstatSync(at('un/in/owned')).uid, existsSync(at('a.tgz'))]).toEqual([0o711, 7, true])
    await parts.snapshots.remove('look')
  })

  test('leave out what is to be excluded, by what variables say and where it is a source itself', async () => {
    const { id, failed } = await build('FROM base:1\nARG SKIP=*.md\nCOPY --exclude=$SKIP src /tree/\nCOPY --exclude=${SKIP} src/* /each/\nCOPY --exclude=src/c.md src/c.md src/a.txt /way/', { context: CONTEXT })
    expect(failed).toBe('')
    expect((await inside(id, 'ls /tree /each /way')).split('\n')).toEqual(['/each:', 'a.txt', 'b.txt', '', '/tree:', 'a.txt', 'b.txt', '', '/way:', 'a.txt', ''])
  })

  test('fetch what has an address, hold it against its digest, and unpack it only when told', async () => {
    const tar = gzipSync(writeTar([{ name: 'in', content: 'packed' }]))
    const asked: string[] = []
    const server = createServer(({ url = '' }, response) => {
      asked.push(url)
      response.end(url.endsWith('.tgz') ? tar : 'fetched\n')
    })
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    try {
      const sum = createHash('sha256').update('fetched\n').digest('hex')
      const file = `FROM base:1\nARG SUM=${sum} AT=${url}\nADD --checksum=sha256:$SUM $AT/f.txt /d/\nADD --chmod=644 --chown=7 ${url}/a.tgz /a\nADD --unpack=true ${url}/a.tgz /u/`
      const { id, failed } = await build(file, { network: 'host' })
      expect(failed).toBe('')
      expect(await inside(id, 'cat /d/f.txt /u/in; stat -c "%a %u" /d/f.txt /a')).toBe('fetched\npacked600 0\n644 7\n')
      const again = await build(file, { network: 'host' })
      expect([again.id, again.steps.map(([, state]) => state).includes('cached')]).toEqual([id, true])
      const count = asked.length
      expect((await build(`FROM base:1\nADD ${url}/f.txt /`, { network: 'default' })).failed).toContain('is an address of the node itself')
      expect((await build(`FROM base:1\nADD ${url}/f.txt /`, { network: 'none' })).failed).toContain('the build was given no network')
      expect((await build(`FROM base:1\nADD --checksum=sha256:${'0'.repeat(64)} src/a.txt /`, { context: CONTEXT, network: 'host' })).failed).toContain('checksum requires HTTP(S) sources')
      expect(asked).toHaveLength(count)
      expect((await build(`FROM base:1\nADD --checksum=sha256:${'0'.repeat(64)} ${url}/f.txt /`, { network: 'host' })).failed).toContain('digest mismatch')
      expect((await build(`FROM base:1\nADD ${url}/ /d/`, { network: 'host' })).failed).toContain('cannot determine filename from source URL')
      expect(await leftovers()).toEqual(nothing)
    } finally {
      server.close()
    }
  })

  test('read no users out of a pipe', async () => {
    const { id } = await build('FROM base:1\nRUN rm -f /etc/passwd; mkfifo /etc/passwd')
    expect((await build(`FROM ${id}\nCOPY --chown=somebody src/a.txt /x`, { context: CONTEXT })).failed).toContain('/etc/passwd is no regular file')
    expect((await build(`FROM ${id}\nUSER somebody\nRUN true`)).failed).toContain('/etc/passwd is no regular file')
  })

  test('take nothing from outside, whatever leads there', async () => {
    const context: readonly TarInput[] = [{ name: 'out', kind: 'symlink', link: '/etc' }, { name: 'up', kind: 'symlink', link: '../../../../../../etc' }, { name: 'd/', kind: 'folder' }]
    const failed = async (line: string): Promise<string> => (await build(`FROM base:1\n${line}`, { context })).failed
    expect(await failed('COPY ../secret /x')).toBe('Dockerfile:2: forbidden path outside the build context: ../secret')
    expect(await failed('COPY d/../../secret /x')).toBe('Dockerfile:2: forbidden path outside the build context: d/../../secret')
    expect(await failed('COPY out/passwd /x')).toBe('Dockerfile:2: "/out/passwd" is not in the context (or .dockerignore leaves it out): out/passwd')
    expect(await failed('COPY up/hostname /x')).toContain('is not in the context')
    expect(await failed('RUN --mount=source=up,target=/m ls /m')).toContain('is not in the context')
    expect(await failed('COPY missing /x')).toBe('Dockerfile:2: "/missing" is not in the context (or .dockerignore leaves it out): missing')
    expect(await failed('COPY d out /x')).toContain('is not in the context')
    expect(await failed('COPY d d /x')).toContain('the destination must be a directory and end with a /')
    // A destination that is a link leads elsewhere in the image, never on the host.
    const { failed: none } = await build('FROM base:1\nRUN ["/bin/busybox", "ln", "-s", "/../../../../tmp/gantry-escaped", "/trap"]\nRUN mkdir -p /tmp/gantry-escaped\nCOPY d /trap/in', { context })
    expect([none, existsSync('/tmp/gantry-escaped')]).toEqual(['', false])
    const evil = await build('FROM base:1', { context: [{ name: '../evil', content: 'x' }] })
    expect(evil.failed).toContain('outside of itself')
  })
})

test('an image built on brings its ONBUILD, its variables and its command', async () => {
  await build('FROM base:1\nENV X=1\nCMD ["kept"]\nONBUILD COPY src /src\nONBUILD RUN echo trigger $X\nHEALTHCHECK --interval=5s CMD true\nEXPOSE 80 90/udp\nVOLUME /data\nSTOPSIGNAL SIGINT', { tags: ['parent:1'] })
  const { id, output, warnings, failed } = await build('FROM parent:1\nMAINTAINER me\nHEALTHCHECK NONE', { context: CONTEXT })
  expect([failed, output]).toEqual(['', 'trigger 1\n'])
  expect(warnings).toEqual([expect.stringContaining('MAINTAINER is deprecated') as string, expect.stringContaining('HEALTHCHECK is kept') as string])
  expect(await configOf(id)).toMatchObject({ author: 'me', config: { Cmd: ['kept'], Env: expect.arrayContaining(['X=1']) as unknown, ExposedPorts: { '80/tcp': {}, '90/udp': {} }, Volumes: { '/data': {} }, StopSignal: 'SIGINT', Healthcheck: { Test: ['NONE'] } } })
  expect(await configOf(id)).not.toHaveProperty('config.OnBuild')
  const { id: entry } = await build('FROM parent:1\nENTRYPOINT ["only"]', { context: CONTEXT })
  expect(await configOf(entry)).toMatchObject({ config: { Entrypoint: ['only'], Cmd: [] } })
  expect(await inside(entry, 'ls /src')).toContain('a.txt')
})

test('what is wrong with a Dockerfile is said with its line, before anything is done', async () => {
  expect((await build('FROM base:1\nRUNN x\nCOPY a')).failed).toBe('Dockerfile:2: unknown instruction: RUNN (did you mean RUN?)\nDockerfile:3: COPY requires at least two arguments: what, and where to')
  expect((await build('FROM base:1 AS one', { target: 'onee' })).failed).toBe('target stage "onee" could not be found in Dockerfile (did you mean one?)')
})

test('nothing of all that is left on the host', async () => {
  expect(await leftovers()).toEqual(nothing)
  expect(execFileSync('cat', ['/proc/mounts'], { encoding: 'utf8' }).split('\n').filter((line) => line.includes(`${folder}/`))).toEqual([])
})
