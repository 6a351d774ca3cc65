// Every page of the app, for the tests that visit them all. A test holds this against the app's own table of routes.

/** The address with an example for each parameter, by the pattern in `src/app/routes.tsx`. */
export const PAGES: Readonly<Record<string, string>> = {
  '/login': '/login',
  '/setup-admin': '/setup-admin',
  '/': '/',
  '/edge/frontends': '/edge/frontends',
  '/edge/frontends/$id': '/edge/frontends/public?tab=rules',
  '/edge/backends': '/edge/backends',
  '/edge/backends/$id': '/edge/backends/web',
  '/edge/routes': '/edge/routes',
  '/edge/acls': '/edge/acls',
  '/edge/acls/$id': '/edge/acls/host-web',
  '/edge/topology': '/edge/topology',
  '/edge/security': '/edge/security',
  '/edge/security/$id': '/edge/security/limit',
  '/edge/auth': '/edge/auth',
  '/edge/auth/$id': '/edge/auth/staff',
  '/edge/error-pages': '/edge/error-pages',
  '/edge/defaults': '/edge/defaults',
  '/edge/defaults/$id': '/edge/defaults/defaults',
  '/edge/global': '/edge/global',
  '/edge/sections': '/edge/sections',
  '/edge/sections/$section': '/edge/sections/maps',
  '/edge/sections/$section/$id': '/edge/sections/maps/tenants',
  '/edge/keepalived': '/edge/keepalived',
  '/edge/keepalived/$part': '/edge/keepalived/instances',
  '/edge/keepalived/$part/$id': '/edge/keepalived/instances/vip',
  '/edge/json': '/edge/json',
  '/network/services': '/network/services',
  '/network/services/$name': '/network/services/core',
  '/network/dns': '/network/dns?ask=core',
  '/network/certificates': '/network/certificates',
  '/network/routes': '/network/routes',
  '/network/servers': '/network/servers',
  '/changes': '/changes',
  '/config': '/config',
  '/snapshots': '/snapshots',
  '/snapshots/$id': '/snapshots/NEWEST',
  '/audit': '/audit',
  '/settings/users': '/settings/users',
  '/settings/config': '/settings/config',
  '/settings/jobs': '/settings/jobs',
  '/settings/reference': '/settings/reference',
  '/profile': '/profile',
  '/welcome': '/welcome',
}

/** A name for files. */
export function slug(pattern: string): string {
  return pattern === '/' ? 'overview' : pattern.replaceAll('$', '').replace(/^\//, '').replaceAll('/', '-')
}
