// Which entities refer to an entity by its id. Pure. ACLs, which are referred to by name, are in `acl-uses.ts`.

import type { Document } from '~/api/schema'
import { PHASES } from './acl-uses'
import { linksOf } from './backend-links'
import { pointerOf } from './issues'
import type { ListSection } from './sections'

/** Where a reference stands. */
export interface Reference {
  section: ListSection
  id: string
  /** What the entity is called. */
  name: string
  /** The pointer of the referring field, from the entity on. */
  field: string
}

type Uses = Map<string, Reference[]>

/** Every reference to the entities of a list, by their id; `undefined` for lists that nothing refers to by id. */
export function usesById(document: Document, section: ListSection): Uses | undefined {
  const uses: Uses = new Map()
  const note = (id: string | null | undefined, from: Omit<Reference, 'field'>, ...path: (string | number)[]) => {
    if (!id) return
    const reference = { ...from, field: pointerOf(path) }
    const list = uses.get(id)
    if (list) list.push(reference)
    else uses.set(id, [reference])
  }
  switch (section) {
    case 'backends':
      for (const frontend of document.haproxy.frontends)
        for (const { backendId, path } of linksOf(frontend)) note(backendId, from('frontends', frontend), ...path)
      for (const provider of document.authProviders) {
        const { config } = provider
        if ('authRequestBackendId' in config)
          note(
            config.authRequestBackendId,
            { section: 'authProviders', id: provider.id, name: provider.id },
            'config',
            'authRequestBackendId',
          )
      }
      return uses
    case 'defaultsBlocks':
      for (const each of document.haproxy.frontends) note(each.fromDefaults, from('frontends', each), 'fromDefaults')
      for (const each of document.haproxy.backends) note(each.fromDefaults, from('backends', each), 'fromDefaults')
      return uses
    case 'httpErrorsSections':
      for (const each of document.haproxy.defaultsBlocks)
        note(each.useErrorFilesId, from('defaultsBlocks', each), 'useErrorFilesId')
      for (const each of document.haproxy.frontends) {
        note(each.useErrorFilesId, from('frontends', each), 'useErrorFilesId')
        note(each.httpOpts.useErrorFilesId, from('frontends', each), 'httpOpts', 'useErrorFilesId')
      }
      return uses
    case 'securityProfiles':
    case 'authProviders':
      for (const frontend of document.haproxy.frontends) {
        for (const phase of PHASES) {
          for (const [i, { action }] of frontend.rulePhases[phase].entries()) {
            const at = ['rulePhases', phase, i] as const
            if (section === 'securityProfiles' && action.type === 'apply-security-profile')
              note(action.profileId, from('frontends', frontend), ...at)
            if (section === 'authProviders' && action.type === 'apply-auth-provider')
              note(action.providerId, from('frontends', frontend), ...at)
          }
        }
      }
      return uses
    case 'keepalived.instances':
      for (const frontend of document.haproxy.frontends)
        for (const [i, bind] of frontend.binds.entries())
          note(bind.floatingIpInstanceId, from('frontends', frontend), 'binds', i, 'floatingIpInstanceId')
      for (const group of document.keepalived.syncGroups)
        for (const id of group.instanceIds) note(id, from('keepalived.syncGroups', group), 'instanceIds')
      return uses
    case 'keepalived.syncGroups':
      for (const each of document.keepalived.instances)
        note(each.syncGroupId, from('keepalived.instances', each), 'syncGroupId')
      return uses
    case 'keepalived.trackScripts':
      for (const each of document.keepalived.instances)
        for (const id of each.trackScriptIds) note(id, from('keepalived.instances', each), 'trackScriptIds')
      return uses
    default:
      return undefined
  }
}

function from(section: ListSection, entity: { id: string; name: string }): Omit<Reference, 'field'> {
  return { section, id: entity.id, name: entity.name }
}
