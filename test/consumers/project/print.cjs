// Signs in with whichever module is named. By import, which takes CommonJS and ES modules.
async function main() {
  const { signIn } = await import(process.argv[2]);
  console.log(await signIn());
}
void main();
