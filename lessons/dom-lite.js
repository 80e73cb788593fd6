// What a Web Worker lacks and lessons need: a document with elements that can be created, put in, taken out, and that
// dispatch bubbling events. Parent and child hold each other, as in a browser; that is the point of the lessons.
(() => {
  if (globalThis.document) return;

  class Node extends EventTarget {
    parentNode = null;
    childNodes = [];

    get isConnected() {
      let node = this;
      while (node.parentNode) node = node.parentNode;
      return node === globalThis.document;
    }

    appendChild(child) {
      if (child === this || child.contains(this)) throw new Error("appendChild: the new child contains the parent");
      child.remove();
      child.parentNode = this;
      this.childNodes.push(child);
      return child;
    }

    removeChild(child) {
      const at = this.childNodes.indexOf(child);
      if (at < 0) throw new Error("removeChild: the node is not a child of this node");
      this.childNodes.splice(at, 1);
      child.parentNode = null;
      return child;
    }

    remove() {
      this.parentNode?.removeChild(this);
    }

    contains(other) {
      for (let node = other; node; node = node.parentNode) if (node === this) return true;
      return false;
    }

    dispatchEvent(event) {
      for (let node = this; node; node = event.bubbles ? node.parentNode : null) {
        EventTarget.prototype.dispatchEvent.call(node, new event.constructor(event.type, event));
      }
      return true;
    }
  }

  class Element extends Node {
    textContent = "";

    constructor(tagName) {
      super();
      this.tagName = tagName.toUpperCase();
    }
  }

  class Document extends Node {
    body = this.appendChild(new Element("body"));

    createElement(tagName) {
      return new Element(tagName);
    }
  }

  globalThis.MouseEvent ??= class MouseEvent extends Event {};
  globalThis.document = new Document();
})();
