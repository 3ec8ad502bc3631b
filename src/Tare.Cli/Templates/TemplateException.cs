namespace Tare.Cli.Templates;

/// <summary>A template that is malformed, or does not fit its data. The message is that of Go's text/template.</summary>
internal sealed class TemplateException(string message) : Exception(message);
