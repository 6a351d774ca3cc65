// Fields whose value is the id (or, for ACLs and maps, the name) of an entity elsewhere in the document. They are chosen from
// what is there instead of being typed.

import type { ListSection } from '~/draft/sections'

export interface Reference {
  section: ListSection
  by: 'id' | 'name'
}

/** By the field's name; a definition in front (`Bind.certId`) goes first. */
const REFERENCES: Readonly<Record<string, Reference>> = {
  fromDefaults: { section: 'defaultsBlocks', by: 'id' },
  defaultBackendId: { section: 'backends', by: 'id' },
  backendId: { section: 'backends', by: 'id' },
  useErrorFilesId: { section: 'httpErrorsSections', by: 'id' },
  aclName: { section: 'acls', by: 'name' },
  syncGroupId: { section: 'keepalived.syncGroups', by: 'id' },
  authRequestBackendId: { section: 'backends', by: 'id' },
  floatingIpInstanceId: { section: 'keepalived.instances', by: 'id' },
}

export function referenceOf(def: string | undefined, field: string): Reference | undefined {
  return REFERENCES[`${def}.${field}`] ?? REFERENCES[field]
}
