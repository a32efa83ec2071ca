/** The door of this room: who owns which field of an object (`metadata.managedFields`), and server-side apply. */
export { applyConfiguration, type Applied, type ApplyRequest, parseConfiguration, type ParsedConfiguration, strictDuplicates } from './apply.ts'
export { managerName } from './manager-name.ts'
export { type FieldUpdate, updateManagedFields } from './update.ts'
