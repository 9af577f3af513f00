// The command as a few files instead of some three hundred: a start then costs
// two thirds of the CPU time. Packages stay outside; paths that the code derives
// from its own place assume two levels below the package root, as in src/ and dist/.
export default {
  input: { sluice: 'src/cli/main.ts' },
  platform: 'node',
  external: /^[^./]/,
  output: { dir: 'dist/bin', format: 'esm', chunkFileNames: '[name]-[hash].js', cleanDir: true },
}
