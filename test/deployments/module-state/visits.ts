/** State of a module that the workflow module imports. */

export class Visitor {
  // holdfast-allow-module-state: what the test is about
  static made = 0;

  constructor() {
    // holdfast-allow-module-state: what the test is about
    Visitor.made += 1;
  }
}

// holdfast-allow-module-state: what the test is about
export const visits: Visitor[] = [];
