import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import './app/global.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app/app'
import { nonce } from './app/nonce'

// Style elements of the parts that lock scrolling behind a dialog take their nonce from here.
Object.assign(globalThis, { __webpack_nonce__: nonce() })

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
