import { company } from '../e2e/document'

const SIZE = 5_000

/** 5,000 backends of two servers each, as many routes, all of one frontend. */
export function large(ports: [number, number]) {
  const document = company(ports, SIZE)
  const hosts = document.haproxy.backends.map((backend) => backend.id)
  document.acls = [
    ...document.acls.filter((acl) => !acl.id.startsWith('host-')),
    ...hosts.map((host) => ({
      id: `host-${host}`,
      name: `host_${host}`,
      field: 'req.hdr(host),host_only',
      operator: 'str',
      caseInsensitive: true,
      values: [`${host}.example.com`],
      description: '',
    })),
  ]
  const [frontend] = document.haproxy.frontends
  if (frontend?.rulePhases) {
    const [deny] = frontend.rulePhases.httpRequest
    frontend.rulePhases.httpRequest = [
      ...(deny ? [deny] : []),
      ...hosts.map((host) => ({
        id: `to-${host}`,
        action: { type: 'use-backend', backendId: host },
        condition: [{ kind: 'aclRef', aclName: `host_${host}` }],
      })),
    ]
  }
  return document
}
