/** Objects without anything but their metadata. PURE. */
import type { JsonObject } from '../../../shared/model/json.ts'
import { metadataOf } from '../core/stored.ts'

export const partialMetadata = (object: JsonObject, version: string): JsonObject => ({ kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: metadataOf(object) })
