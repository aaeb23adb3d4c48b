package uk.ac.manchester.tornado.api.exceptions;

/** Signature only. */
public class TornadoExecutionPlanException extends Exception {}
