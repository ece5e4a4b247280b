/**
 * The document by functions: elements that are built, lists that keep their elements.
 *
 * Texts are set as text, never as markup: what a user wrote stays what it is.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {Record<string, unknown>} Props */

/**
 * An element of HTML.
 *
 * A property `onclick` listens, `class` and all others are attributes; `true` is the bare attribute, and
 * `false`, `null` and `undefined` leave it out. `value`, `checked` and `indeterminate` are set as
 * properties.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Props} [props]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, props = {}, ...children) {
    const element = document.createElement(tag);
    setProps(element, props);
    append(element, children.flat());
    return element;
}

/**
 * An element of SVG.
 *
 * @param {string} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, props = {}, ...children) {
    const element = /** @type {SVGElement} */ (
        document.createElementNS("http://www.w3.org/2000/svg", tag)
    );
    setProps(element, props);
    append(element, children);
    return element;
}

/**
 * Sets properties of an element, as `el` does.
 *
 * @param {Element} element
 * @param {Props} props
 */
export function setProps(element, props) {
    for (const [name, value] of Object.entries(props)) {
        if (name.startsWith("on")) {
            element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
        } else if (name === "value" || name === "checked" || name === "indeterminate") {
            /** @type {any} */ (element)[name] = value;
        } else if (value === true) {
            element.setAttribute(name, "");
        } else if (value === false || value === null || value === undefined) {
            element.removeAttribute(name);
        } else {
            element.setAttribute(name, String(value));
        }
    }
}

/**
 * @param {Element} element
 * @param {Child[]} children
 */
function append(element, children) {
    for (const child of children) {
        if (child !== null && child !== undefined && child !== false) {
            element.append(child instanceof Node ? child : String(child));
        }
    }
}

/**
 * Puts these in the place of all that an element has.
 *
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
    element.replaceChildren();
    append(element, children.flat());
}

/**
 * Sets the text of an element, where it is another: what is the same costs nothing.
 *
 * @param {Node} element
 * @param {string} text
 */
export function setText(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of an element those of a list, by their keys: who stays keeps the element, and
 * with it the focus and what was typed.
 *
 * @template I
 * @param {Element} parent
 * @param {readonly I[]} items
 * @param {(item: I) => string} keyOf
 * @param {(item: I) => Element} make
 * @param {(element: any, item: I) => void} [update] what a kept or new element shows
 */
export function keyed(parent, items, keyOf, make, update = () => {}) {
    const before = new Map();
    for (const child of parent.children) before.set(child.getAttribute("data-key"), child);
    /** @type {Element | null} */
    let next = parent.firstElementChild;
    for (const item of items) {
        const key = keyOf(item);
        let child = before.get(key);
        if (child === undefined) {
            child = make(item);
            child.setAttribute("data-key", key);
        }
        before.delete(key);
        update(child, item);
        if (child === next) next = next?.nextElementSibling ?? null;
        else parent.insertBefore(child, next);
    }
    for (const gone of before.values()) gone.remove();
}
