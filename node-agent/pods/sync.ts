import { applyNote } from './apply.ts'
import type { Change, StepContext } from './step-context.ts'
import { ensureImage, prepareSandbox, prepareVolumes } from './step-prepare.ts'
import { resize } from './step-resize.ts'
import { startContainer } from './step-start.ts'
import { cleanUp, deleteContainer, postStart, preStop, signalContainer } from './step-stop.ts'
import type { ActionStep, NoteStep, Step } from './steps.ts'

/** Does one step. What it answers is applied to the record; what it throws is the world failing, and the step is tried again. */
export async function doStep(context: StepContext, step: ActionStep): Promise<Change> {
  switch (step.kind) {
    case 'prepare-sandbox':
      return prepareSandbox(context)
    case 'prepare-volumes':
      return prepareVolumes(context)
    case 'ensure-image':
      return ensureImage(context, step)
    case 'start-container':
      return startContainer(context, step)
    case 'post-start':
      return postStart(context, step.container)
    case 'pre-stop':
      return preStop(context, step)
    case 'signal':
      return signalContainer(context, step)
    case 'delete-container':
      return deleteContainer(context, step)
    case 'resize':
      return resize(context)
    case 'clean-up':
      return cleanUp(context)
  }
}

/** Whether a step only changes the record. */
export const isNote = (step: Step): step is NoteStep => step.kind === 'stop-pod' || step.kind === 'stop-container' || step.kind.startsWith('note-')

export const noteChange =
  (step: NoteStep): Change =>
  (record) =>
    applyNote(record, step)
