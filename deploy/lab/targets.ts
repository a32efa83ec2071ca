import { Fault } from '../../shared/kit/faults.ts'
import { findTarget, targetNames, type LabSpec, type Target } from './layout.ts'
import { readSpec } from './spec.ts'

/** The lab of that name. @throws Fault('not-found') saying how to make it. */
export async function existing(name: string): Promise<LabSpec> {
  const spec = await readSpec(name)
  if (!spec) throw new Fault('not-found', `there is no lab "${name}": make it with "gantry lab up --name ${name}"`)
  return spec
}

/** What the name means in the lab. @throws Fault('not-found') naming what it has. */
export async function targetOf(lab: string, name: string): Promise<{ readonly spec: LabSpec; readonly target: Target }> {
  const spec = await existing(lab)
  const target = findTarget(spec, name)
  if (!target) throw new Fault('not-found', `lab ${lab} has no "${name}": it has ${targetNames(spec).join(', ')}`)
  return { spec, target }
}

/** The machine of that name, or that a program of that name is on: only machines have cables. */
export async function machineOf(lab: string, name: string): Promise<{ readonly spec: LabSpec; readonly machine: string }> {
  const { spec, target } = await targetOf(lab, name)
  return { spec, machine: target.machine }
}
