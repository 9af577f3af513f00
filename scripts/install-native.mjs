// npm's install step: use the prebuilt binary in the package where one fits,
// else build from source. A failed build is not fatal: Sluice then runs on its
// portable I/O and says so at start.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const require = createRequire(import.meta.url)

function hasBinary() {
  try {
    require('node-gyp-build').resolve(root)
    return true
  } catch {
    return false
  }
}

if (process.platform !== 'linux') {
  console.log('sluice: no native layer for %s; portable I/O will be used', process.platform)
} else if (!hasBinary()) {
  const built = spawnSync(process.execPath, [path.join(root, 'scripts', 'build-native.mjs')], { stdio: 'inherit' })
  if (built.status !== 0) {
    console.warn(
      'sluice: the native layer could not be built; the broker will run on portable I/O (slower).\n' +
        'sluice: install a C++17 compiler, make and python3, then run "npm rebuild sluice" or "npm run build:native".',
    )
    if (process.env.CI === 'true') process.exit(1)
  }
}
