// npm test: builds what is missing, then runs the whole suite on the native
// layer and again on the portable seams. The last line is the total, alone:
// "N passed, N failed, N skipped".
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')
const reports = mkdtempSync(path.join(tmpdir(), 'sluice-test-'))
const total = { passed: 0, failed: 0, skipped: 0 }
let ok = true

function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } })
  return result.status === 0
}

function suite(name, env) {
  console.log(`\n== ${name}`)
  const report = path.join(reports, `${name.replaceAll(' ', '-')}.json`)
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const flags = [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ]
  if (!run(process.execPath, [vitest, ...flags], env)) ok = false
  if (!existsSync(report)) {
    console.error(`${name}: the test runner left no report`)
    total.failed++
    ok = false
    return
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'))
  total.passed += numPassedTests
  total.failed += numFailedTests
  total.skipped += numPendingTests + numTodoTests
}

if (process.platform === 'linux' && !run(process.execPath, [path.join(root, 'scripts', 'build-native.mjs')])) {
  console.error('the native layer could not be built: install a C++17 compiler, make and python3')
  process.exit(1)
}
if (!run(process.execPath, [path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']))
  process.exit(1)

if (process.platform === 'linux') suite('native I/O', { SLUICE_PORTABLE_IO: '' })
suite('portable I/O', { SLUICE_PORTABLE_IO: '1' })
rmSync(reports, { recursive: true, force: true })
if (total.passed === 0) ok = false
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(ok && total.failed === 0 ? 0 : 1)
