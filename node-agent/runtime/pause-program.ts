/**
 * The program of a pod's first process, which holds its pid namespace: it lets the kernel reap whatever is left without a parent, and sleeps. Written as bytes because no
 * distribution has one, and anything larger would cost each such pod memory. Linux on x86-64 alone:
 *
 *     mov  eax, 13          b8 0d 00 00 00         rt_sigaction(SIGCHLD, &ignore, NULL, 8): children of a process that ignores
 *     mov  edi, 17          bf 11 00 00 00         this signal leave no zombies
 *     lea  rsi, [rip+23]    48 8d 35 17 00 00 00
 *     xor  edx, edx         31 d2
 *     mov  r10d, 8          41 ba 08 00 00 00
 *     syscall               0f 05
 *   again:
 *     mov  eax, 34          b8 22 00 00 00         pause()
 *     syscall               0f 05
 *     jmp  again            eb f7
 *     (padding)             90 × 4
 *   ignore:                                        struct sigaction { SIG_IGN, 0, 0, 0 }
 *     .quad 1, 0, 0, 0
 */
const CODE = 'b80d000000 bf11000000 488d3517000000 31d2 41ba08000000 0f05 b822000000 0f05 ebf7 90909090'

const ACTION_BYTES = 32
const HEADER_BYTES = 64
const SEGMENT_BYTES = 56
const BASE = 0x40_0000n

/** An ELF file of one segment (System V ABI, x86-64), or undefined where there is none for this processor (Node's name of it). Pure. */
export function pauseProgram(architecture: string): Uint8Array | undefined {
  if (architecture !== 'x64' && architecture !== 'amd64') return undefined
  const code = Uint8Array.from(CODE.replaceAll(' ', '').match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  const start = HEADER_BYTES + SEGMENT_BYTES
  const size = start + code.byteLength + ACTION_BYTES
  const file = new DataView(new ArrayBuffer(size))
  const bytes = new Uint8Array(file.buffer)
  // e_ident: magic, 64 bits, little-endian, version 1.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  file.setUint16(16, 2, true) // e_type: an executable
  file.setUint16(18, 62, true) // e_machine: x86-64
  file.setUint32(20, 1, true) // e_version
  file.setBigUint64(24, BASE + BigInt(start), true) // e_entry
  file.setBigUint64(32, BigInt(HEADER_BYTES), true) // e_phoff
  file.setUint16(52, HEADER_BYTES, true) // e_ehsize
  file.setUint16(54, SEGMENT_BYTES, true) // e_phentsize
  file.setUint16(56, 1, true) // e_phnum
  file.setUint32(64, 1, true) // p_type: to be loaded
  file.setUint32(68, 5, true) // p_flags: readable, executable
  file.setBigUint64(80, BASE, true) // p_vaddr
  file.setBigUint64(88, BASE, true) // p_paddr
  file.setBigUint64(96, BigInt(size), true) // p_filesz
  file.setBigUint64(104, BigInt(size), true) // p_memsz
  file.setBigUint64(112, 0x1000n, true) // p_align
  bytes.set(code, start)
  bytes[start + code.byteLength] = 1 // SIG_IGN
  return bytes
}
