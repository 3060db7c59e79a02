package timeline

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// colours are those of the groups. White text can be read on them, and they can
// be seen on a light and on a dark ground.
var colours = []struct {
	group  Group
	class  string
	colour string
}{
	{Firmware, "firmware", "#667085"},
	{Loader, "loader", "#8250df"},
	{Kernel, "kernel", "#2563d9"},
	{Init, "init", "#0b7f6f"},
	{Services, "services", "#bc5a06"},
	{Query, "query", "#d02a68"},
}

// style has the colours of the ground for both settings of the viewer. The card
// is opaque, so that it can be read on any page.
const style = `.card{fill:#fff;stroke:#d5dbe3}.stripe{fill:#f4f6f9}.grid{stroke:#dde2e9}
text{font-family:system-ui,-apple-system,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif;font-size:12px;fill:#1c2330}
.label{paint-order:stroke;stroke:#f4f6f9;stroke-width:3px;stroke-linejoin:round}.title{font-size:19px;font-weight:600}.head{font-size:14px;font-weight:600}.dim{fill:#5f6b7a}.inside,.inside .dim{fill:#fff}.moment{font-weight:600}
@media(prefers-color-scheme:dark){.card{fill:#12161d;stroke:#2d3440}.stripe{fill:#191f28}.grid{stroke:#2d3440}text{fill:#e6eaf0}.dim{fill:#98a3b3}.label{stroke:#191f28}}
`

// WriteSVG draws boots below each other on one scale: a row for each span in the
// order of their begins, a diamond for each moment. The picture is 960 pixels wide, needs no script and no
// font of its own, and follows the viewer's choice of light or dark.
func WriteSVG(w io.Writer, title string, boots []Boot) error {
	a := newAxis(boots, margin, pictureWidth-margin)
	top := titleHeight + legendHeight + axisHeight
	bottom := top
	for _, b := range boots {
		bottom += headHeight + rowHeight*float64(len(b.Spans)) + bootGap
	}
	c := &canvas{}
	c.open(title, bottom+axisHeight+margin/2)
	c.text(margin, titleHeight-16, "title", elide(title, titleSize*bold, pictureWidth-2*margin))
	c.legend(boots, titleHeight)
	y := top
	for _, b := range boots {
		height := headHeight + rowHeight*float64(len(b.Spans))
		c.printf(`<rect class="stripe" x="%s" y="%s" width="%s" height="%s" rx="6"/>`, px(margin/2), px(y), px(pictureWidth-margin), px(height+6))
		y += height + bootGap
	}
	c.axis(a, top, bottom)
	y = top
	for _, b := range boots {
		c.text(margin, y+22, "head", elide(b.Name, headSize*bold, pictureWidth-2*margin))
		for i, s := range inOrder(b.Spans) {
			c.bar(a.layoutBar(s, y+headHeight+rowHeight*float64(i)))
		}
		y += headHeight + rowHeight*float64(len(b.Spans)) + bootGap
	}
	c.printf("</svg>")
	_, err := io.WriteString(w, c.b.String())
	return err
}

// canvas is an SVG 1.1 document that is being written.
type canvas struct{ b strings.Builder }

func (c *canvas) printf(format string, args ...any) { fmt.Fprintf(&c.b, format+"\n", args...) }

func (c *canvas) open(title string, height float64) {
	c.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%[1]s" height="%[2]s" role="img">`, px(pictureWidth), px(height))
	c.printf("<title>%s</title>", escape(title))
	c.b.WriteString("<style>" + style)
	for _, group := range colours {
		c.printf(".%s{fill:%s}", group.class, group.colour)
	}
	c.printf("</style>")
	c.printf(`<rect class="card" x="0.5" y="0.5" width="%s" height="%s" rx="10"/>`, px(pictureWidth-1), px(height-1))
}

func (c *canvas) text(x, y float64, class, text string) {
	c.printf(`<text class="%s" x="%s" y="%s">%s</text>`, class, px(x), px(y), escape(text))
}

// legend names the groups that the boots have.
func (c *canvas) legend(boots []Boot, y float64) {
	x := margin
	for _, entry := range colours {
		if !slices.ContainsFunc(boots, func(b Boot) bool {
			return slices.ContainsFunc(b.Spans, func(s Span) bool { return s.Group == entry.group })
		}) {
			continue
		}
		c.printf(`<rect class="%s" x="%s" y="%s" width="12" height="12" rx="3"/>`, entry.class, px(x), px(y))
		c.text(x+18, y+10.5, "dim", string(entry.group))
		x += 18 + textWidth(string(entry.group), labelSize) + 16
	}
}

// axis draws the ticks, and a line for each through all boots.
func (c *canvas) axis(a axis, top, bottom float64) {
	step := a.step()
	for t := time.Duration(0); t <= a.end; t += step {
		x := px(a.x(t))
		c.printf(`<line class="grid" x1="%s" y1="%s" x2="%[1]s" y2="%[3]s"/>`, x, px(top-4), px(bottom-bootGap+6))
		for _, y := range []float64{top - 11, bottom - bootGap + 22} {
			c.printf(`<text class="dim" x="%s" y="%s" text-anchor="middle">%s</text>`, x, px(y), a.label(t, step))
		}
	}
}

func (c *canvas) bar(b bar) {
	c.printf("<g><title>%s: %s – %s</title>", escape(b.Name), amount(b.Begin), amount(b.End))
	class := classOf(b.Group)
	if b.moment {
		y, half := b.y+barHeight/2, barHeight/2-1
		c.printf(`<path class="%s" d="M%s %sl%[4]s %[4]sl-%[4]s %[4]sl-%[4]s -%[4]sz"/>`, class, px(b.x), px(y-half), px(half))
	} else {
		c.printf(`<rect class="%s" x="%s" y="%s" width="%s" height="%s" rx="%s"/>`, class, px(b.x), px(b.y), px(b.width), px(barHeight), px(min(3, b.width/2)))
	}
	label, anchor := "label", "start"
	switch b.place {
	case insideBar:
		label = "inside"
	case beforeBar:
		anchor = "end"
	}
	if b.moment {
		label += " moment"
	}
	c.printf(`<text class="%s" x="%s" y="%s" text-anchor="%s">%s<tspan class="dim" dx="6">%s</tspan></text></g>`,
		label, px(b.labelX), px(b.labelBaseline), anchor, escape(b.name), b.amount)
}

func classOf(g Group) string {
	for _, entry := range colours {
		if entry.group == g {
			return entry.class
		}
	}
	return "dim"
}

// px is a length with the tenth of a pixel.
func px(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") }

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}
