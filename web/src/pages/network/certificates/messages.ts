import { catalogue } from '~/i18n'

export const messages = catalogue(
  {
    title: 'Certificates',
    description:
      'Certificates of services, from the internal authority. They are renewed by themselves well before they end.',
    service: 'Service',
    domain: 'Domain',
    status: 'State',
    'status.valid': 'valid',
    'status.expiring': 'expiring',
    'status.expired': 'expired',
    until: 'Valid until',
    left: 'Time left',
    days: '{count} day || {count} days',
    today: 'less than a day',
    over: 'ended {count} day ago || ended {count} days ago',
    timeline: 'Timeline',
    issued: 'Issued',
    serial: 'Serial number',
    algorithm: 'Key',
    issuer: 'Issuer',
    fingerprint: 'Fingerprint',
    axis: 'The bars end where the certificates do; their axis goes from {from} to {to}.',
    inspect: 'Inspect {name}',
    inspectTitle: 'Certificate of {name}',
    copyText: 'Copy the text',
    copyPem: 'Copy as PEM',
    rotate: 'Rotate {name}',
    rotateVerb: 'Rotate',
    rotateTitle: 'Rotate the certificate of {name}?',
    rotateText:
      'A new key and certificate take the place of the present ones at once, without a lost connection. The old certificate is revoked; that cannot be taken back.',
    rotated: 'The certificate of {name} is new',
    empty: 'No certificates yet',
    emptyText: 'Every service that is registered with TLS has a certificate here.',
    register: 'Register a service',
    ca: 'Internal authority',
    caText: 'Clients that trust this root trust every certificate here.',
    caName: 'Name',
    download: 'Download the root',
    trust: 'How to trust it',
    trustText: 'Download the root, then run this where the file is:',
    firefoxText: 'Download the root, then in Firefox:',
    copyCommand: 'Copy the command for {system}',
    install: 'Install on this machine',
    installTitle: 'Install the root on the machine of Plenum?',
    installText:
      'The root goes into the system’s trust store of the machine that Plenum runs on: its programs then trust every certificate of the internal authority.',
  },
  {
    title: 'Certificados',
    description:
      'Los certificados de los servicios, de la autoridad interna. Se renuevan solos bastante antes de caducar.',
    service: 'Servicio',
    domain: 'Dominio',
    status: 'Estado',
    'status.valid': 'válido',
    'status.expiring': 'por caducar',
    'status.expired': 'caducado',
    until: 'Válido hasta',
    left: 'Tiempo restante',
    days: '{count} día || {count} días',
    today: 'menos de un día',
    over: 'caducó hace {count} día || caducó hace {count} días',
    timeline: 'Línea de tiempo',
    issued: 'Emitido',
    serial: 'Número de serie',
    algorithm: 'Clave',
    issuer: 'Emisor',
    fingerprint: 'Huella',
    axis: 'Las barras terminan donde los certificados; su eje va del {from} al {to}.',
    inspect: 'Examinar {name}',
    inspectTitle: 'Certificado de {name}',
    copyText: 'Copiar el texto',
    copyPem: 'Copiar como PEM',
    rotate: 'Rotar {name}',
    rotateVerb: 'Rotar',
    rotateTitle: '¿Rotar el certificado de {name}?',
    rotateText:
      'Una clave y un certificado nuevos sustituyen al momento a los actuales, sin perder conexiones. El certificado anterior queda revocado; eso no se puede deshacer.',
    rotated: 'El certificado de {name} es nuevo',
    empty: 'Aún no hay certificados',
    emptyText: 'Cada servicio registrado con TLS tiene aquí un certificado.',
    register: 'Registrar un servicio',
    ca: 'Autoridad interna',
    caText: 'Los clientes que confían en esta raíz confían en todos los certificados de aquí.',
    caName: 'Nombre',
    download: 'Descargar la raíz',
    trust: 'Cómo confiar en ella',
    trustText: 'Descargue la raíz y ejecute esto donde esté el archivo:',
    firefoxText: 'Descargue la raíz y, en Firefox:',
    copyCommand: 'Copiar la orden para {system}',
    install: 'Instalar en esta máquina',
    installTitle: '¿Instalar la raíz en la máquina de Plenum?',
    installText:
      'La raíz se añade al almacén de confianza del sistema de la máquina donde se ejecuta Plenum: sus programas confiarán en todos los certificados de la autoridad interna.',
  },
)

const STATUSES = ['valid', 'expiring', 'expired'] as const
export type CertificateStatus = (typeof STATUSES)[number]

/** The state that the daemon names. */
export function statusOf(word: string): CertificateStatus {
  return STATUSES.find((status) => status === word) ?? 'valid'
}

export const TONES = { valid: 'good', expiring: 'look', expired: 'act' } as const
