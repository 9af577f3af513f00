// Builds the addon with node-gyp into build/Release/sluice.node.
//
// Node's own headers are used where they are installed beside the binary
// (<prefix>/include/node, as nodejs.org archives and Debian packages lay them
// out), so that a build needs no download; otherwise node-gyp fetches them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

function nodeGyp() {
  const require = createRequire(import.meta.url)
  try {
    return require.resolve('node-gyp/bin/node-gyp.js')
  } catch {
    // An installed package has no development dependencies: npm carries its own copy.
    const bundled = process.env.npm_config_node_gyp
    if (bundled !== undefined && existsSync(bundled)) return bundled
    throw new Error('node-gyp was not found: run "npm install" in the checkout, or install node-gyp globally')
  }
}

function headerArguments() {
  const prefix = path.resolve(path.dirname(process.execPath), '..')
  return existsSync(path.join(prefix, 'include', 'node', 'uv.h')) ? [`--nodedir=${prefix}`] : []
}

const mode = process.argv.includes('--rebuild') ? 'rebuild' : 'build'
const debug = process.argv.includes('--debug') ? ['--debug'] : []
// binding.gyp lists the sources when it is configured, so a new file needs that step; unchanged objects are kept.
if (mode === 'build') run(['configure'])
run([mode])

function run(command) {
  const args = [nodeGyp(), ...command, `--jobs=${availableParallelism()}`, ...debug, ...headerArguments()]
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (result.status !== 0) process.exit(result.status ?? 1)
}
