import { describe, expect, it } from 'vitest'
import { deviceNumber } from './libc.ts'
import { parseMountInfo } from './mounts.ts'

describe('parseMountInfo', () => {
  it('reads targets with spaces, types and options', () => {
    const text = '36 35 98:0 /mnt1 /mnt\\0402/x rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n40 36 0:33 / /run/a rw - tmpfs tmpfs rw,size=64k\nbroken\n'
    expect(parseMountInfo(text)).toEqual([
      { target: '/mnt 2/x', type: 'ext3', data: 'rw,errors=continue' },
      { target: '/run/a', type: 'tmpfs', data: 'rw,size=64k' },
    ])
  })
})

describe('deviceNumber', () => {
  it.each([
    [0, 0, 0n],
    [1, 3, 0x103n],
    [8, 257, 0x100801n],
    [4096, 1, 0x100000000001n],
  ])('of %i:%i is %s', (major, minor, expected) => {
    expect(deviceNumber({ major, minor })).toBe(expected)
  })
})
