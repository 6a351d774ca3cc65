import { catalogue } from '~/i18n'

export const messages = catalogue(
  {
    'login.title': 'Sign in',
    'login.username': 'User name',
    'login.password': 'Password',
    'login.totp': 'Code of your authenticator',
    'login.submit': 'Sign in',
  },
  {
    'login.title': 'Iniciar sesión',
    'login.username': 'Nombre de usuario',
    'login.password': 'Contraseña',
    'login.totp': 'Código de su autenticador',
    'login.submit': 'Iniciar sesión',
  },
)
