import { defineSignal, getExternalWorkflowHandle, startChild } from "../../../src/sdk/workflow/index.ts";

export const hurry = defineSignal("hurry");
export const sent = defineSignal<[orderId: string, parcels: string[]]>("sent");

export async function sendParcel(orderId: string, parcel: number): Promise<string> {
  return `${orderId}/${parcel}`;
}

export async function sendOrder(orderId: string, parcels: number, isUrgent: boolean): Promise<string[]> {
  const children = [];
  for (let parcel = 1; parcel <= parcels; parcel += 1) {
    const child = await startChild(sendParcel, {
      workflowId: `${orderId}-parcel-${parcel}`,
      args: [orderId, parcel],
      parentClosePolicy: "REQUEST_CANCEL",
    });
    if (isUrgent) await child.signal(hurry);
    children.push(child);
  }
  const labels = await Promise.all(children.map((child) => child.result()));
  await getExternalWorkflowHandle("warehouse").signal(sent, orderId, labels);
  return labels;
}
