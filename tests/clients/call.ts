// A thin fetch: what an operation takes and gives is looked up in the generated types.
import type { operations } from "./billing-backlog.ts";

declare const process: { env: Record<string, string> };
type Operation = keyof operations;
type Content<R> = R extends { content: infer C } ? C[keyof C] : never;
type Body<O extends Operation> = operations[O] extends { requestBody?: infer B } ? Content<NonNullable<B>> : never;
type Good<R> = R extends { 201: infer A } ? Content<A> : R extends { 200: infer A } ? Content<A> : never;
export type Answer<O extends Operation> = Good<operations[O]["responses"]>;

export async function call<O extends Operation>(
  _operation: O, method: string, path: string, body?: Body<O>, type = "application/json",
): Promise<Answer<O>> {
  const response = await fetch(`${process.env["BILLING_BACKLOG"]}${path}`, {
    method, body: body && JSON.stringify(body), headers: body ? { "Content-Type": type } : {},
  });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}
