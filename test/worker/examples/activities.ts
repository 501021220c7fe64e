/** The activity that the deployment's example runs. */
export async function composeGreeting(name: string): Promise<string> {
  return `Hello, ${name}!`;
}
