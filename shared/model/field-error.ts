/** One mistake in an object, as `k8s.io/apimachinery/pkg/util/validation/field` words it. */
export interface FieldError {
  /** `FieldValueRequired`, …: the `reason` of a cause in a Status. */
  readonly type: 'FieldValueNotFound' | 'FieldValueRequired' | 'FieldValueDuplicate' | 'FieldValueInvalid' | 'FieldValueNotSupported' | 'FieldValueForbidden' | 'FieldValueTooLong' | 'FieldValueTooMany' | 'InternalError' | 'FieldValueTypeInvalid'
  /** `spec.containers[0].image`; `<nil>` for the object as a whole. */
  readonly field: string
  /** Without the field: `Required value: must be set`, `Invalid value: "A": a lowercase …`. */
  readonly message: string
}
