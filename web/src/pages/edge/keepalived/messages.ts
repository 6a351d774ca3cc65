import { catalogue } from '~/i18n'

export const messages = catalogue(
  {
    title: 'Keepalived',
    about: 'Floating addresses: each belongs to one node at a time and moves when that node fails.',
    on: 'keepalived.conf is written',
    off: 'keepalived.conf is not written',
    onHelp: 'While this is off, the settings below are kept but nothing is rendered.',
    'tab.instances': 'Floating addresses',
    'tab.groups': 'Sync groups',
    'tab.scripts': 'Track scripts',
    'tab.global': 'Global',
    'group.node': 'This node',
    'group.mail': 'Mail',
    'group.protocol': 'Protocol',
  },
  {
    title: 'Keepalived',
    about: 'Direcciones flotantes: cada una pertenece a un nodo cada vez y cambia de nodo cuando ese falla.',
    on: 'Se escribe keepalived.conf',
    off: 'keepalived.conf no se escribe',
    onHelp: 'Mientras esté desactivado, los ajustes de abajo se conservan, pero no se genera nada.',
    'tab.instances': 'Direcciones flotantes',
    'tab.groups': 'Grupos sincronizados',
    'tab.scripts': 'Scripts de seguimiento',
    'tab.global': 'Global',
    'group.node': 'Este nodo',
    'group.mail': 'Correo',
    'group.protocol': 'Protocolo',
  },
)
