import { expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { admissionChain, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'

function plugins(asked: string[]): readonly AdmissionPlugin[] {
  const plugin = (name: string, resources?: readonly string[]): AdmissionPlugin => ({
    name,
    ...(resources && { resources }),
    mutate({ object }) {
      asked.push(`${name} mutates`)
      return { ...object, [name]: true }
    },
    validate: () => void asked.push(`${name} validates`),
  })
  return [plugin('pods', ['/pods']), plugin('all'), plugin('jobs', ['batch/jobs', '/pods'])]
}

const request = (group: string, plural: string): AdmissionRequest => ({ operation: 'CREATE', store: { definition: { group, plural } }, object: {} }) as unknown as AdmissionRequest

async function through(group: string, plural: string): Promise<{ readonly asked: readonly string[]; readonly object: JsonObject }> {
  const asked: string[] = []
  const chain = admissionChain(plugins(asked))
  const given = request(group, plural)
  const object = await chain.mutate(given)
  await chain.validate({ ...given, object })
  return { asked, object }
}

test('a plugin is asked about the resources that it has to do with, in its turn', async () => {
  expect(await through('', 'pods')).toEqual({ asked: ['pods mutates', 'all mutates', 'jobs mutates', 'pods validates', 'all validates', 'jobs validates'], object: { pods: true, all: true, jobs: true } })
  expect(await through('batch', 'jobs')).toEqual({ asked: ['all mutates', 'jobs mutates', 'all validates', 'jobs validates'], object: { all: true, jobs: true } })
  expect((await through('', 'configmaps')).asked).toEqual(['all mutates', 'all validates'])
  expect((await through('metrics.example.com', 'pods')).asked).toEqual(['all mutates', 'all validates'])
})

test('what one kind has to do with is no matter for the next', async () => {
  const asked: string[] = []
  const chain = admissionChain(plugins(asked))
  const [pod, job] = [request('', 'pods'), request('batch', 'jobs')]
  for (const one of [pod, job, pod]) await chain.mutate(one)
  expect(asked).toEqual(['pods mutates', 'all mutates', 'jobs mutates', 'all mutates', 'jobs mutates', 'pods mutates', 'all mutates', 'jobs mutates'])
})
