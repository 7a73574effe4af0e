/** Drawings by the grammar of SvgShapes, and what people try instead. */

const names = ["rect", "circle", "ellipse", "line", "polyline", "polygon", "path"];
const attributes =
  "x y width height fill cx cy r stroke stroke-width d points x1 y1 x2 y2 rx ry opacity fill-opacity".split(" ");
const value = `"[A-Za-z0-9 .,+#%-]*"`;
const shape = `<(?:${names.join("|")})(?<attributes>(?: (?:${attributes.join("|")})=${value})*) ?/>`;
const document = new RegExp(`^[ \\n]*(?:${shape.replace("?<attributes>", "?:")}[ \\n]*)+$`);

/** Whether a text is a drawing: the grammar a second time, as a regular expression. */
export function isDrawing(text: string): boolean {
  if (!document.test(text)) return false;
  return [...text.matchAll(new RegExp(shape, "g"))].every((match) => {
    const seen = [...(match.groups?.["attributes"] ?? "").matchAll(/ ([a-z0-9-]+)="/g)].map(([, name]) => name);
    return new Set(seen).size === seen.length;
  });
}

export const drawings: readonly string[] = [
  '<rect x="10" y="10" width="80" height="80" fill="#ff8800"/>',
  '<circle cx="50" cy="50" r="40" fill="red" stroke="black" stroke-width="2" />',
  ' \n<path d="M 10,10 L 90,-9.5e1 Q 1 2 3 4 Z" fill="none" stroke="navy"/>\n\n<line x1="0" y1="0" x2="100%" y2="1"/>\n',
  "<rect/>",
  '<polygon points="0,0 50,100 100,0" opacity="0.5"/><polyline points="1 2"/><ellipse rx="1" ry="2" fill-opacity="1"/>',
];

/** Each would do something but show shapes, or would spoil the document. */
export const attacks: readonly string[] = [
  "<script>alert(1)</script>",
  '<script href="https://evil.example/x.js"/>',
  "<rect/><script>alert(1)</script>",
  '<rect onclick="alert(1)"/>',
  '<rect onload="alert(1)"/>',
  '<rect x="1" onmouseover="alert" />',
  '<circle r="1"\nonload="a"/>',
  '<circle r="1"\tfill="red"/>',
  '<image href="https://evil.example/p.png"/>',
  '<image xlink:href="data:image/png;base64,AAAA"/>',
  '<use href="#x"/>',
  '<a href="javascript:alert(1)"><rect/></a>',
  "<foreignObject><body/></foreignObject>",
  "<style>rect{fill:url(https://evil.example)}</style>",
  '<rect style="fill:red"/>',
  '<rect fill="url(#a)"/>',
  '<rect fill="url(https://evil.example/x)"/>',
  '<rect fill="&#106;avascript"/>',
  '<rect fill="&evil;"/>',
  '<!DOCTYPE svg [<!ENTITY evil SYSTEM "file:///etc/passwd">]><rect/>',
  "<![CDATA[<script>alert(1)</script>]]>",
  "<!-- comment --><rect/>",
  '<?xml-stylesheet href="https://evil.example/x.css"?><rect/>',
  '<animate attributeName="href" values="javascript:alert(1)"/>',
  '<set attributeName="onclick" to="alert(1)"/>',
  '<svg onload="alert(1)"><rect/></svg>',
  "<svg><rect/></svg>",
  "</svg><script>alert(1)</script><svg>",
  "<rect/></svg>",
  "<rect></rect>",
  "<rect>",
  "<rect",
  "<",
  "rect/>",
  "<rect/",
  '<rect x="1/>',
  '<rect x="1"y="2"/>',
  '<rect x="1" x="2"/>',
  "<rect x='1'/>",
  "<rect x=1/>",
  '<rect x ="1"/>',
  '<rect  x="1"/>',
  '<rect x="1"  />',
  "<RECT/>",
  '<rect X="1"/>',
  '<rect class="a"/>',
  '<rect id="a"/>',
  '<rect filter="x"/>',
  '<rect href="x"/>',
  '<rect xmlns="http://www.w3.org/1999/xhtml"/>',
  '<rect fill="expression(alert)"/>',
  '<rect fill="red\u0000"/>',
  '<rect fill="red\n"/>',
  '<rect fill="réd"/>',
  '<rect fill="<"/>',
  '<rect fill="a\\"/>',
  "<text>hello</text>",
  "<tspan/>",
  "<g><rect/></g>",
  "<rect/>hello",
  "hello<rect/>",
  "\ufeff<rect/>",
  "<rect/>\r",
  "<rectangle/>",
  "<rec/>",
  '<rect stroke-width-and-more="1"/>',
  '<rect xx="1"/>',
  '<rect ="1"/>',
  '<rect x=""',
  "<rect//>",
  "<rect/ >",
  "< rect/>",
  "",
  " ",
  "\n\n",
];
