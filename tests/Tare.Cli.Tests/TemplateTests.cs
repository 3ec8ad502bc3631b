using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Tare.Cli.Templates;

namespace Tare.Cli.Tests;

/// <summary>Results and messages are those of Go's text/template, with the functions that Docker adds.</summary>
public sealed class TemplateTests
{
    private const string Document = """{"S":"text","N":3,"F":true,"L":["a","b"],"M":{"k":"v","x":"y"},"O":{"P":{"Q":1}},"Z":null}""";

    [Theory]
    [InlineData("{{.S}} {{.N}} {{.F}} {{.L}} {{.M}} {{.Z}} {{.Nope}}", "text 3 true [a b] map[k:v x:y] <no value> <no value>")]
    [InlineData("{{.O.P.Q}} {{.M.k}} {{index .L 1}} {{index .M \"x\"}} {{len .L}}", "1 v b y 2")]
    [InlineData("{{range .L}}{{.}},{{end}}{{range $i, $v := .L}}{{$i}}{{$v}}{{end}}{{range $k, $v := .M}}{{$k}}{{$v}}{{end}}", "a,b,0a1bkvxy")]
    [InlineData("{{if .F}}y{{else}}n{{end}}{{if not .F}}y{{else if .S}}s{{else}}n{{end}}{{with .O}}{{.P.Q}}{{end}}{{with .Z}}x{{else}}z{{end}}", "ys1z")]
    [InlineData("{{json .}}", Document2)]
    [InlineData("{{json .S}} {{.S | json}} {{upper .S}} {{title .S}} {{lower \"ABC\"}} {{join (split \"a b\" \" \") \"-\"}}", "\"text\" \"text\" TEXT Text abc a-b")]
    [InlineData("a {{- .S -}} b{{/* c */}}c{{- /* d */ -}} d", "atextbcd")]
    [InlineData("{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}{{$.S}}", "12text")]
    [InlineData("{{printf \"%5d|%-5s|%05d|%x|%q|%v|%t|%.2f|%c|%%\" 42 \"ab\" 7 255 \"q\" .L true 1.5 65}}", "   42|ab   |00007|ff|\"q\"|[a b]|true|1.50|A|%")]
    [InlineData("{{print 1 2 \"a\" \"b\" 3}} {{println 1}}", "1 2ab3 1\n")]
    [InlineData("{{and 1 0 2}} {{or 0 \"\" 3}} {{eq 1 2 1}} {{ne 1 2}} {{lt 1 2}} {{ge \"b\" \"a\"}}", "0 3 true true true true")]
    [InlineData("{{slice .S 1 3}} {{slice .L 1}} {{html \"<a&b>\"}} {{urlquery \"a b\"}}", "ex [b] &lt;a&amp;b&gt; a+b")]
    [InlineData("{{range .L}}{{if eq . \"a\"}}{{continue}}{{end}}{{.}}{{break}}{{end}}", "b")]
    [InlineData("{{(index .L 0)}}{{len (printf \"%s\" .S)}}", "a4")]
    [InlineData("{{1e3}} {{0x10}} {{'a'}} {{`raw\\n`}} {{\"\\t|\"}}", "1000 16 97 raw\\n \t|")]
    [InlineData("{{pad .S 1 2}}|{{truncate .S 2}}|{{pad \"\" 1 1}}", " text  |te|")]
    public void Templates_are_executed(string template, string expected) => Assert.Equal(expected, Execute(template));

    private const string Document2 = """{"F":true,"L":["a","b"],"M":{"k":"v","x":"y"},"N":3,"O":{"P":{"Q":1}},"S":"text","Z":null}""";

    [Theory]
    [InlineData("{{.S", "template: :1: unclosed action")]
    [InlineData("{{foo}}", "template: :1: function \"foo\" not defined")]
    [InlineData("{{if .S}}x", "template: :1: unexpected EOF")]
    [InlineData("{{end}}", "template: :1: unexpected {{end}}")]
    [InlineData("\n{{$x}}", "template: :2: undefined variable \"$x\"")]
    [InlineData("{{}}", "template: :1: missing value for command")]
    [InlineData("{{.S.T}}", "template: :1:4: executing \"\" at <.S.T>: can't evaluate field T in type string")]
    [InlineData("{{len 3}}", "template: :1:2: executing \"\" at <len 3>: error calling len: len of type int")]
    [InlineData("{{index .L 5}}", "template: :1:2: executing \"\" at <index .L 5>: error calling index: index out of range: 5")]
    public void Mistakes_are_told_as_Go_does(string template, string message) => Assert.Equal(message, Assert.Throws<TemplateException>(() => Execute(template)).Message);

    [Fact]
    public void A_missing_key_can_be_an_error()
    {
        using var document = JsonDocument.Parse(Document);
        var template = Template.Parse("{{.O.Nope}}").With(missingKeyIsError: true);
        var error = Assert.Throws<TemplateException>(() => template.Execute(Values.FromUntyped(document.RootElement)));
        Assert.Equal("template: :1:4: executing \"\" at <.O.Nope>: map has no entry for key \"Nope\"", error.Message);
    }

    [Fact]
    public void Typed_documents_have_fields_that_they_leave_out()
    {
        using var document = JsonDocument.Parse("""{"Id":"abc","State":{"Status":"running","Pid":5},"Config":{"Env":null,"Labels":{"a":"b"}}}""");
        var data = DockerShapes.Container.Of(document.RootElement);
        Assert.Equal("abc running 5 [] b <nil> 0", Template.Parse("{{.ID}} {{.State.Status}} {{.State.Pid}} {{.Config.Env}} {{.Config.Labels.a}} {{.State.Health}} {{.RestartCount}}").Execute(data));
        Assert.Throws<TemplateException>(() => Template.Parse("{{.Id}}").Execute(data));
    }

    [Fact]
    public void No_template_breaks_the_parser()
        => Prop.ForAll<NonNull<string>>(text =>
        {
            try
            {
                Execute("{{" + text.Get + "}}");
            }
            catch (TemplateException)
            {
                // Malformed, and said so.
            }

            return true;
        }).QuickCheckThrowOnFailure();

    private static string Execute(string template)
    {
        using var document = JsonDocument.Parse(Document);
        return Template.Parse(template).Execute(Values.FromUntyped(document.RootElement));
    }
}
