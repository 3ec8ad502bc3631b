namespace Tare.Api.Http;

/// <summary>A fault that the client has been told of, so that its answer is whole; it has yet to be logged.</summary>
internal sealed class ToldException(Exception fault) : Exception(fault.Message, fault);
